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
        maps = np.asarray(activations[first : first + _PART], dtype=np.float32)
        yield ArrayPart(first, len(activations), maps.mean(axis=-1).reshape(*maps.shape[:2], -1))
