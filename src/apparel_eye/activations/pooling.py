"""Feature maps to the columns that heads are fitted on."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from apparel_eye.chunks import ArrayChunk

_CHUNK = 128
"""Photos held in memory at a time."""
_CELLS = (6, 2)


def rows(maps: NDArray[np.floating]) -> NDArray[np.float32]:
    """Averages over the width, one a row, so that it is kept where a garment ends."""
    # (N, views, C H)
    averages: NDArray[np.float32] = np.asarray(maps, dtype=np.float32).mean(axis=-1)
    return averages.reshape(*maps.shape[:2], -1)


def averages(maps: NDArray[np.floating]) -> NDArray[np.float32]:
    """Average and maximum of each filter, as the write-up pools."""
    # (N, views, 2 C)
    numbers = np.asarray(maps, dtype=np.float32)
    return np.concatenate([numbers.mean(axis=(-2, -1)), numbers.max(axis=(-2, -1))], axis=-1)


def grid(maps: NDArray[np.floating]) -> NDArray[np.float32]:
    """Averages over 6 x 2 cells, or as many as there are rows and columns."""
    # (N, views, C cells)
    return in_cells(maps, _CELLS).reshape(*maps.shape[:2], -1)


def in_cells(maps: NDArray[np.floating], cells: tuple[int, int]) -> NDArray[np.float32]:
    """Averages over so many cells along height and width, or as many as there are: (..., H, W) to (..., h, w)."""
    numbers = np.asarray(maps, dtype=np.float32)
    for axis, wanted in zip((-2, -1), cells, strict=True):
        size = numbers.shape[axis]
        edges = np.arange(min(wanted, size)) * size // min(wanted, size)
        counts = np.diff(edges, append=size).astype(np.float32)
        numbers = np.add.reduceat(numbers, edges, axis=axis) / (counts[:, None] if axis == -2 else counts)
    return numbers


POOLINGS: dict[str, Callable[[NDArray[np.floating]], NDArray[np.float32]]] = {
    "rows": rows,
    "averages": averages,
    "grid": grid,
}
"""Of maps of shape (N, views, C, H, W) to (N, views, D), by their names."""


def pool(activations: NDArray[np.floating], name: str) -> Iterator[ArrayChunk]:
    """Feature maps of shape (N, views, C, H, W), pooled in parts."""
    for first in range(0, len(activations), _CHUNK):
        yield ArrayChunk(first, len(activations), POOLINGS[name](activations[first : first + _CHUNK]))
