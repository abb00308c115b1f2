"""Probabilities for every value of a category, also for those that no photo shows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-4
"""Probability of a value without training photos: not zero, since one such photo may come."""


def with_floor(
    probabilities: NDArray[np.floating], seen_values: Sequence[int] | NDArray[np.integer], num_values: int
) -> NDArray[np.float64]:
    """Probabilities of the values that have training photos, as probabilities of all values.

    Args:
        probabilities: shape (N, len(present)).
        seen_values: indices of the values with training photos.
        num_values: how many values the category has.

    Returns:
        Shape (N, num_values); rows sum to 1, the other values have ``FLOOR`` each.
    """
    floored = np.full((len(probabilities), num_values), FLOOR)
    rest = 1 - FLOOR * (num_values - len(seen_values))
    normalized = probabilities.astype(np.float64) / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    floored[:, np.asarray(seen_values)] = rest * normalized
    return floored
