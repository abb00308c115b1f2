"""Photos of an array on disk, a batch at a time."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from apparel_eye.subsets import Rows

Pixels = NDArray[np.uint8]
_LARGEST = float(np.finfo(np.float16).max)


def batches(rows: Rows, batch_size: int) -> Iterator[Rows]:
    """Row numbers, ``batch_size`` at a time."""
    for first in range(0, len(rows), batch_size):
        yield rows[first : first + batch_size]


def to_tensor(pixels: Pixels, rows: Rows, where: torch.device) -> Tensor:
    """The photos of some rows, uint8, shape (B, H, W, 3); indexing copies them out of the memory-mapped file."""
    return torch.from_numpy(pixels[rows]).to(where)


def to_half(values: Tensor) -> Tensor:
    """As 16-bit floats; what is beyond their range becomes the largest of them, not infinite."""
    return values.float().clamp(-_LARGEST, _LARGEST).to(torch.float16)
