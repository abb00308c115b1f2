"""The competition's file: a row per question, in order, with the probabilities of all values."""

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.attributes import FOLDER_SUFFIX
from apparel_eye.errors import DataError
from apparel_eye.metrics.probabilities import with_floor

logger = logging.getLogger(__name__)

_DECIMALS = 10
"""The score rewards well-ordered confidences, and ties would be answered together."""


def make_submission(
    questions: pd.DataFrame,
    image_keys: Iterable[str],
    probabilities: NDArray[np.float64],
    prior: NDArray[np.float64],
    category: str,
) -> pd.DataFrame:
    """The three columns of a submission.

    Args:
        questions: the photos in the order of the question file.
        image_keys: of the photos that have probabilities.
        probabilities: theirs, shape (photos, values).
        prior: shape (values,), the answer for photos that could not be read.
        category: the dimension.

    Raises:
        DataError: a row would not be a distribution.
    """
    row_of = {key: row for row, key in enumerate(image_keys)}
    rows = [row_of.get(key, -1) for key in questions["image_key"]]
    answers = np.vstack([probabilities, prior])[rows]  # -1: the prior
    if not np.isfinite(answers).all() or np.abs(answers.sum(axis=1) - 1).max() > 1e-6:
        raise DataError(f"the probabilities of {category} are not distributions; run the pipelines before submit again")
    num_unread = rows.count(-1)
    if num_unread:
        logger.warning("%d photos to predict could not be read; they get the share of each value", num_unread)
    return pd.DataFrame(
        {
            "path": questions["image_key"].str.partition("/")[2],
            "dimension": category + FOLDER_SUFFIX,
            "probabilities": [";".join(f"{value:.{_DECIMALS}f}" for value in answer) for answer in answers],
        }
    )


def prior_of(targets: NDArray[np.intp], num_values: int) -> NDArray[np.float64]:
    """Share of each value among labelled photos, shape (num_values,)."""
    counts = np.bincount(targets, minlength=num_values).astype(np.float64)
    seen_values = np.flatnonzero(counts)
    prior: NDArray[np.float64] = with_floor(counts[seen_values][None], seen_values, num_values)[0]
    return prior
