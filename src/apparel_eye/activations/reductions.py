"""What is kept of feature maps: they are reduced on the device, before they are rounded to 16 bit."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from apparel_eye.data import randomness
from apparel_eye.errors import UsageError
from apparel_eye.networks import heads
from apparel_eye.parameters import ExtractionParameters


def whole(maps: Tensor, extraction: ExtractionParameters) -> Tensor:
    """Full resolution."""
    # (B, C, H, W)
    return maps


def rows(maps: Tensor, extraction: ExtractionParameters) -> Tensor:
    """Averages over the width, one a row."""
    # (B, C, H, 1)
    return maps.mean(dim=3, keepdim=True)


def grid(maps: Tensor, extraction: ExtractionParameters) -> Tensor:
    """Averages over the cells of a grid, which share places where they do not divide the sides."""
    # (B, C, h, w)
    return functional.adaptive_avg_pool2d(maps, extraction.grid)


def averages(maps: Tensor, extraction: ExtractionParameters) -> Tensor:
    """Average and maximum of each filter."""
    # (B, 2 C, 1, 1), averages first
    return heads.averages(maps)[:, :, None, None]


def projection(maps: Tensor, extraction: ExtractionParameters) -> Tensor:
    """Full resolution, fewer filters, mixed with fixed random signs.

    A 1x1 convolution to (B, num_filters, H, W). Lengths are kept on average (Achlioptas, Journal of Computer and System
    Sciences 66, 2003).
    """
    num_before = maps.shape[1]
    if extraction.num_filters > num_before:
        raise UsageError(
            f"activations.num_filters is {extraction.num_filters}, but the level has {num_before} filters; give no more"
        )
    matrix = torch.from_numpy(signs(extraction.seed, extraction.num_filters, num_before)).to(maps.device)
    return torch.einsum("fc,bchw->bfhw", matrix, maps)  # no convolution: cuDNN would round to TF32


def signs(seed: int, num_filters: int, num_before: int) -> NDArray[np.float32]:
    """Matrix of a projection, shape (num_filters, filters before), of which each row is as long as another."""
    is_positive = randomness.uniform(seed, 0, np.arange(num_filters), num_before) < 0.5
    length = num_filters**-0.5
    matrix: NDArray[np.float32] = np.where(is_positive, length, -length).astype(np.float32)
    return matrix


REDUCTIONS: dict[str, Callable[[Tensor, ExtractionParameters], Tensor]] = {
    "map": whole,
    "rows": rows,
    "grid": grid,
    "averages": averages,
    "projection": projection,
}
"""Of float maps of shape (B, C, H, W) to (B, C', H', W'), by their names."""
