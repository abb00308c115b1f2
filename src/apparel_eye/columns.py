"""Which column is submitted: that with the least log loss on validation photos, and how good a choice like that is."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye import metrics
from apparel_eye.errors import UsageError
from apparel_eye.intervals import bootstrap
from apparel_eye.metrics import Marks
from apparel_eye.nearest import nearest
from apparel_eye.subsets import Rows, Subsets

ByColumn = dict[str, NDArray[np.float64]]
NETWORK = ("plain", "tta")
"""Columns of the network."""
HEADS = ("xgboost", "bags", "logistic", "perceptron")
"""Columns of heads on activations."""
BLEND = "blend"
"""The column that is a mean of others."""
_SEED = 1
_NUM_DRAWS = 1000


def choose(columns: ByColumn, marks: Marks, wanted: str = "auto") -> str:
    """The column with the least log loss on the photos given, ties by the official score; or the one that is wanted.

    On a few dozen photos the log loss varies less than the official score: columns that are chosen by it reach more of
    the official score on other photos (docs/boosting.md).

    Args:
        columns: calibrated probabilities of each, shape (photos, values).
        marks: labels of the same photos.
        wanted: a column's name, or ``auto``.
    """
    if wanted != "auto":
        if wanted not in columns:
            raise UsageError(f"submit.column is {wanted!r}; {nearest(wanted, columns)}, or auto")
        return wanted
    return max(columns, key=lambda column: merit(columns[column], marks))


def merit(probabilities: NDArray[np.float64], marks: Marks) -> tuple[float, float]:
    """The negative log loss, then the mean of basic and average precision."""
    official = [metrics.basic_precision(probabilities, marks), metrics.average_precision(probabilities, marks)]
    return -metrics.log_loss(probabilities, marks), float(np.nan_to_num(np.mean(official), nan=-1.0))


def score_choice(columns: ByColumn, marks: Marks, parts: NDArray[np.intp], wanted: str = "auto") -> dict[str, float]:
    """Scores of the choice itself: the photos of each part are answered by the column that the other parts choose."""
    answers = np.zeros_like(next(iter(columns.values())))
    for part in np.unique(parts):
        of_part = parts == part
        others = {name: probabilities[~of_part] for name, probabilities in columns.items()}
        answers[of_part] = columns[choose(others, marks[~of_part], wanted)][of_part]
    return metrics.scores(answers, marks)


def score_table(
    columns: ByColumn, marks: Marks, groups: NDArray[np.object_], ordered: Sequence[int], num_resamples: int
) -> pd.DataFrame:
    """One row per column, see ``schemas.ScoreTable``.

    Args:
        columns: probabilities of each, shape (photos, values).
        marks: labels of the same photos.
        groups: photos that are resampled together, for intervals.
        ordered: values that have an order, in it.
        num_resamples: for intervals; without any there are none.
    """
    measures = partial(metrics.all_scores, ordered=ordered)
    rows = []
    for name, probabilities in columns.items():
        limits = bootstrap(measures, probabilities, marks, groups, num_resamples, _SEED) if num_resamples else {}
        rows.append(
            {
                "column": name,
                **measures(probabilities, marks),
                "calibration_noise": metrics.calibration_noise(probabilities, _SEED, _NUM_DRAWS),
                **{f"{score}_low": low for score, (low, _) in limits.items()},
                **{f"{score}_high": high for score, (_, high) in limits.items()},
                "photos": len(marks),
            }
        )
    return pd.DataFrame(rows)


def present_of(column: str, subsets: Subsets, refit: bool) -> Rows:
    """Values that a column knows when it predicts new photos: heads may have been fitted once more, on all photos."""
    if column in NETWORK or not refit:
        return subsets.present
    return np.flatnonzero((subsets.labelled_marks == "y").any(axis=0))
