"""From probabilities to scores and figures."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.columns import choose, score_choice, score_table
from apparel_eye.parameters import ReportParameters, SubmitParameters
from apparel_eye.subsets import Subsets, make_subsets
from apparel_eye.tables import probabilities_of


def join_probabilities(*tables: pd.DataFrame) -> pd.DataFrame:
    """The columns of all models in one table."""
    return pd.concat(tables, ignore_index=True)


def score_columns(
    probabilities: pd.DataFrame,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    submit: SubmitParameters,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Scores of each column on validation photos, and of the choice among them."""
    subsets = make_subsets(manifest, folds, values)
    columns = _validation(probabilities, manifest, subsets)
    table = score_table(columns, subsets.validation_marks)
    chosen = choose(columns, subsets.validation_marks, submit.column)
    of_choice = score_choice(columns, subsets.validation_marks, subsets.validation_parts, submit.column)
    by_column: Any = table.set_index("column").drop(columns="photos").to_dict(orient="index")
    scores = {**by_column, "submission": {"column": chosen, **of_choice}, "photos": len(subsets.validation)}
    return scores, table


def draw_confusions(
    probabilities: pd.DataFrame, manifest: pd.DataFrame, folds: pd.DataFrame, values: list[str]
) -> Figure:
    """A confusion matrix of each column."""
    from apparel_eye.figures import confusions
    from apparel_eye.metrics import confusion

    subsets = make_subsets(manifest, folds, values)
    columns = _validation(probabilities, manifest, subsets)
    matrices = {name: confusion(column, subsets.validation_marks) for name, column in columns.items()}
    return confusions(matrices, values)


def draw_mistakes(
    probabilities: pd.DataFrame,
    scores: dict[str, Any],
    pixels: NDArray[np.uint8],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    report: ReportParameters,
) -> Figure:
    """The most confident mistakes of the submitted column."""
    from apparel_eye.figures import gallery
    from apparel_eye.metrics import true_values

    subsets = make_subsets(manifest, folds, values)
    answers = _validation(probabilities, manifest, subsets)[scores["submission"]["column"]]
    predicted, truth = answers.argmax(axis=1), true_values(subsets.validation_marks)
    wrong = np.flatnonzero(predicted != truth)
    shown = wrong[np.argsort(-answers.max(axis=1)[wrong], kind="stable")][: report.num_mistakes]
    titles = [f"{values[truth[i]]}\nas {values[predicted[i]]}, {answers[i].max():.0%}" for i in shown]
    return gallery([pixels[row] for row in subsets.validation[shown]], titles, "no mistake on validation photos")


def _validation(
    probabilities: pd.DataFrame, manifest: pd.DataFrame, subsets: Subsets
) -> dict[str, NDArray[np.float64]]:
    keys = manifest["image_key"].iloc[subsets.validation]
    return {
        str(column): probabilities_of(probabilities, str(column), keys) for column in probabilities["column"].unique()
    }
