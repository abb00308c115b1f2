"""From probabilities to scores and figures."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye import metrics
from apparel_eye.columns import choose, score_choice, score_table
from apparel_eye.label_noise import rank_labels
from apparel_eye.parameters import ReportParameters, SubmitParameters
from apparel_eye.subsets import Rows, make_subsets
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
    """Scores of each column on validation photos, of the choice among them, and of the chosen one on a given test."""
    subsets = make_subsets(manifest, folds, values)
    columns = _columns_of(probabilities, manifest, subsets.validation)
    table = score_table(columns, subsets.validation_marks)
    chosen = choose(columns, subsets.validation_marks, submit.column)
    of_choice = score_choice(columns, subsets.validation_marks, subsets.validation_parts, submit.column)
    by_column: Any = table.set_index("column").drop(columns="photos").to_dict(orient="index")
    scores = {**by_column, "submission": {"column": chosen, **of_choice}, "photos": len(subsets.validation)}
    if len(subsets.tests):
        answers = _columns_of(probabilities, manifest, subsets.tests)[chosen]
        scores["test"] = {**metrics.scores(answers, subsets.test_marks), "photos": len(subsets.tests)}
    return scores, table


def doubt_labels(
    probabilities: pd.DataFrame,
    scores: dict[str, Any],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
) -> pd.DataFrame:
    """Validation photos whose label the submitted column doubts, the most doubtful first."""
    subsets = make_subsets(manifest, folds, values)
    answers = _columns_of(probabilities, manifest, subsets.validation)[scores["submission"]["column"]]
    keys = manifest["image_key"].iloc[subsets.validation].tolist()
    return rank_labels(keys, metrics.true_values(subsets.validation_marks), answers, values)


def draw_confusions(
    probabilities: pd.DataFrame, manifest: pd.DataFrame, folds: pd.DataFrame, values: list[str]
) -> Figure:
    """A confusion matrix of each column."""
    from apparel_eye.figures import confusions
    from apparel_eye.metrics import confusion

    subsets = make_subsets(manifest, folds, values)
    columns = _columns_of(probabilities, manifest, subsets.validation)
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
    answers = _columns_of(probabilities, manifest, subsets.validation)[scores["submission"]["column"]]
    predicted, truth = answers.argmax(axis=1), true_values(subsets.validation_marks)
    wrong = np.flatnonzero(predicted != truth)
    shown = wrong[np.argsort(-answers.max(axis=1)[wrong], kind="stable")][: report.num_mistakes]
    titles = [f"{values[truth[i]]}\nas {values[predicted[i]]}, {answers[i].max():.0%}" for i in shown]
    return gallery([pixels[row] for row in subsets.validation[shown]], titles, "no mistake on validation photos")


def _columns_of(probabilities: pd.DataFrame, manifest: pd.DataFrame, rows: Rows) -> dict[str, NDArray[np.float64]]:
    keys = manifest["image_key"].iloc[rows]
    return {
        str(column): probabilities_of(probabilities, str(column), keys) for column in probabilities["column"].unique()
    }
