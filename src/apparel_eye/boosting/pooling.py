"""Feature maps to the columns that heads are fitted on."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from apparel_eye.array_part import ArrayPart

_PART = 128
"""Photos held in memory at a time."""


def rows(activations: NDArray[np.float16]) -> Iterator[ArrayPart]:
    """Feature maps averaged over their width: (N, views, C, H, W) to (N, views, C H), float32, in parts."""
    for first in range(0, len(activations), _PART):
        yield ArrayPart(first, len(activations), rows_of(activations[first : first + _PART]))


def rows_of(maps: NDArray[np.float16]) -> NDArray[np.float32]:
    """The same of a few photos."""
    averages: NDArray[np.float32] = np.asarray(maps, dtype=np.float32).mean(axis=-1)
    return averages.reshape(*maps.shape[:2], -1)
