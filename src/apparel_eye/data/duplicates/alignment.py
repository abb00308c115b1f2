"""How alike two thumbnails are once one has been laid over the other.

A placement (B, 4) says where the first thumbnail's frame lies on the second: top, left, height and width, in shares of
the second's sides; (0, 0, 1, 1) is the whole of it.
"""

import torch
from torch import Tensor
from torch.nn import functional

_LARGEST_SHIFT, _SMALLEST_SCALE, _LARGEST_SCALE = 0.2, 0.75, 1.3
"""Photos that were cropped or padded by more than that are not looked for."""
_GREY_LEVEL = 2.0
"""Contrast below which differences are noise."""
_NUDGE = torch.tensor([8e-4, 8e-4, 2e-3, 2e-3])
_IDENTITY = torch.eye(4)


def similarity(first: Tensor, second: Tensor, placement: Tensor) -> Tensor:
    """Correlation of the details of aligned thumbnails, shape (B,); 1 is the same photo.

    The placement is refined by Gauss-Newton steps, from coarse to fine. Details are what remains of a thumbnail without
    its blurred copy, at equal contrast everywhere: different garments of one shape, laid on one ground, share all else.

    Args:
        first: grey, float, shape (B, side, side).
        second: likewise.
        placement: a guess.
    """
    half_first, half_second = functional.avg_pool2d(first, 2), functional.avg_pool2d(second, 2)
    _, placement = _refine(_blur(half_first, 1.5), _blur(half_second, 1.5), placement, steps=5)
    _, placement = _refine(half_first, half_second, placement, steps=3)
    correlation, _ = _refine(_details(first), _details(second), placement, steps=3)
    return correlation


def place(photos: Tensor, placement: Tensor) -> tuple[Tensor, Tensor]:
    """What a placement shows of photos (B, side, side), and where it lies inside of them, each (B, side, side)."""
    side = photos.shape[-1]
    rows, row_inside = _interpolation(placement[:, 0], placement[:, 2], side)
    columns, column_inside = _interpolation(placement[:, 1], placement[:, 3], side)
    return rows @ photos @ columns.transpose(1, 2), row_inside[:, :, None] * column_inside[:, None, :]


def _interpolation(start: Tensor, extent: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Linear interpolation along one axis as a matrix (B, side, side), and which of its rows lie inside (B, side)."""
    grid = torch.arange(side, dtype=start.dtype)
    position = side * start[:, None] + extent[:, None] * (grid + 0.5) - 0.5
    weights = (1 - (position[:, :, None] - grid).abs()).clamp_min(0)
    inside = (position >= -0.5) & (position <= side - 0.5)
    return weights / weights.sum(dim=-1, keepdim=True).clamp_min(1e-6), inside.to(start.dtype)


def _refine(first: Tensor, second: Tensor, placement: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The best correlation on the way and its placement."""
    best, best_placement = torch.full_like(placement[:, 0], -1.0), placement
    for step in range(steps + 1):
        shown, inside = place(second, placement)
        target, found = _standardize(first, inside), _standardize(shown, inside)
        correlation = (target * found).sum(dim=(1, 2))
        better = correlation > best
        best = torch.where(better, correlation, best)
        best_placement = torch.where(better[:, None], placement, best_placement)
        if step < steps:
            slopes = torch.stack([_slope(second, placement, inside, found, axis) for axis in range(4)], dim=-1)
            placement = _bounded(placement + _gauss_newton(slopes, (target - found).flatten(1)))
    return best, best_placement


def _slope(second: Tensor, placement: Tensor, inside: Tensor, found: Tensor, axis: int) -> Tensor:
    """Derivative of what is found by one number of the placement, (B, side * side)."""
    nudged, _ = place(second, placement + _NUDGE * _IDENTITY[axis])
    return ((_standardize(nudged, inside) - found) / _NUDGE[axis]).flatten(1)


def _gauss_newton(slopes: Tensor, misfit: Tensor) -> Tensor:
    curvature = slopes.transpose(1, 2) @ slopes
    damping = 1e-3 * curvature.diagonal(dim1=1, dim2=2).sum(dim=1)[:, None, None] + 1e-9
    step = torch.linalg.solve(curvature + damping * _IDENTITY, slopes.transpose(1, 2) @ misfit[..., None])
    shift: Tensor = step[..., 0].clamp(-0.06, 0.06)
    return shift


def _bounded(placement: Tensor) -> Tensor:
    shift = placement[:, :2].clamp(-_LARGEST_SHIFT, _LARGEST_SHIFT)
    return torch.cat([shift, placement[:, 2:].clamp(_SMALLEST_SCALE, _LARGEST_SCALE)], dim=1)


def _standardize(photos: Tensor, inside: Tensor) -> Tensor:
    """Mean 0 and norm 1 over what lies inside, 0 outside."""
    mean = (photos * inside).sum(dim=(1, 2), keepdim=True) / inside.sum(dim=(1, 2), keepdim=True).clamp_min(1)
    centered = (photos - mean) * inside
    return centered / (centered.square().sum(dim=(1, 2), keepdim=True).sqrt() + 1e-6)


def _details(photos: Tensor) -> Tensor:
    fine = photos - _blur(photos, 1.0)
    return fine / (_blur(fine.square(), 2.0).sqrt() + _GREY_LEVEL)


def _blur(photos: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur; sigma in pixels."""
    radius = round(3 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(photos.dtype)
    padded = functional.pad(photos[:, None], (radius,) * 4, mode="replicate")
    rows = functional.conv2d(padded, kernel[None, None, :, None])
    return functional.conv2d(rows, kernel[None, None, None, :])[:, 0]
