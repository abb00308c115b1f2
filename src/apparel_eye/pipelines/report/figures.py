"""From probabilities to what is shown of them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics import official
from apparel_eye.selection.tables import candidates_of


def draw_confusions(
    probabilities: pd.DataFrame,
    scores: dict[str, Any],
    subsets: Subsets,
) -> Figure:
    """A confusion matrix of each candidate, the submitted one's large."""
    from apparel_eye.reports.confusions import confusions

    candidates = candidates_of(probabilities, subsets, subsets.validation)
    matrices = {
        name: official.confusion(candidate, subsets.validation_label_strings) for name, candidate in candidates.items()
    }
    return confusions(matrices, subsets.values, scores["submission"]["candidate"])


def draw_risk_coverage(
    probabilities: pd.DataFrame,
    scores: dict[str, Any],
    subsets: Subsets,
    precision: float,
) -> Figure:
    """What answering only the surest photos brings, for each candidate."""
    from apparel_eye.reports.figures import risk_coverage

    candidates = candidates_of(probabilities, subsets, subsets.validation)
    curves = {
        name: official.risk_coverage(candidate, subsets.validation_label_strings)
        for name, candidate in candidates.items()
    }
    return risk_coverage(curves, scores["submission"]["candidate"], precision)


def draw_mistakes(
    probabilities: pd.DataFrame,
    scores: dict[str, Any],
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    num_mistakes: int,
) -> Figure:
    """The most confident mistakes of the submitted candidate."""
    from apparel_eye.reports.sheets import gallery

    answers = candidates_of(probabilities, subsets, subsets.validation)[scores["submission"]["candidate"]]
    predicted, truth = answers.argmax(axis=1), official.true_values(subsets.validation_label_strings)
    wrong = np.flatnonzero(predicted != truth)
    shown = wrong[np.argsort(-answers.max(axis=1)[wrong], kind="stable")][:num_mistakes]
    values = subsets.values
    titles = [f"{values[truth[i]]}\nas {values[predicted[i]]}, {answers[i].max():.0%}" for i in shown]
    return gallery([pixels[row] for row in subsets.validation[shown]], titles, "no mistake on validation photos")


def draw_reliability(probabilities: pd.DataFrame, scores: dict[str, Any], subsets: Subsets) -> Figure:
    """Whether photos have a value as often as the submitted candidate says, for each value."""
    from apparel_eye.reports.reliability import reliability_panels

    candidate = scores["submission"]["candidate"]
    answers = candidates_of(probabilities, subsets, subsets.validation)[candidate]
    truth = official.true_values(subsets.validation_label_strings)
    return reliability_panels(answers, truth, subsets.values, candidate)
