"""From probabilities to what is shown of them."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from apparel_eye.data.subsets import make_subsets
from apparel_eye.metrics.official import true_values
from apparel_eye.selection.tables import candidates_of


def draw_reliability(
    probabilities: pd.DataFrame,
    scores: dict[str, Any],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
) -> Figure:
    """Whether photos have a value as often as the submitted candidate says, for each value."""
    from apparel_eye.reports.reliability import reliability_panels

    subsets, candidate = make_subsets(manifest, folds, values), scores["submission"]["candidate"]
    answers = candidates_of(probabilities, manifest, subsets.validation)[candidate]
    return reliability_panels(answers, true_values(subsets.validation_label_strings), values, candidate)
