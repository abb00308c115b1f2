"""Views of photos: what augmentation does to them in training and at test time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from apparel_eye.data import randomness
from apparel_eye.parameters import AugmentationParameters

_DRAWS = 7
"""Numbers that each photo gets; the first of them stay the same where there are more."""


@dataclass(frozen=True)
class Transforms:
    """One view per photo, each attribute of shape (B,).

    Attributes:
        zoom: about the center, 1 shows the whole photo.
        rotation: degrees, counterclockwise.
        mirrored: whether left and right are swapped.
        brightness: added, in units of the full range.
        contrast: factor about the photo's mean.
        hue: turns around the circle of colors; 1 is a whole one.
    """

    zoom: NDArray[np.float64]
    rotation: NDArray[np.float64]
    mirrored: NDArray[np.bool_]
    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]
    hue: NDArray[np.float64]


def plain(num_photos: int, mirrored: bool = False) -> Transforms:
    """The photos as they are, or mirrored."""
    ones, zeros = np.ones(num_photos), np.zeros(num_photos)
    return Transforms(ones, zeros, np.full(num_photos, mirrored), zeros, ones, zeros)


def draw(seed: int, epoch: int, photos: ArrayLike, augmentation: AugmentationParameters) -> Transforms:
    """Views for an epoch, which depend on nothing but seed, epoch and photo; ``max_zoom`` must be a number."""
    numbers = randomness.uniform(seed, epoch, photos, _DRAWS)
    return _views(numbers, augmentation)


def draw_for_test(
    seed: int, photos: ArrayLike, num_views: int, num_drawn: int, augmentation: AugmentationParameters
) -> list[Transforms]:
    """The write-up's views at test time: of ``num_views`` fixed ones, ``num_drawn`` different ones for each photo."""
    if not num_drawn:
        return []
    fixed = randomness.uniform(seed, 0, np.arange(num_views), _DRAWS)
    chosen = np.argsort(randomness.uniform(seed, 1, photos, num_views), axis=1, kind="stable")[:, :num_drawn]
    return [_views(fixed[chosen[:, position]], augmentation) for position in range(num_drawn)]


def examples(
    pixels: NDArray[np.uint8],
    photos: NDArray[np.intp],
    seed: int,
    num_epochs: int,
    augmentation: AugmentationParameters,
) -> NDArray[np.uint8]:
    """What training sees of some photos in its first epochs, shape (photos * epochs, H, W, 3), photo after photo."""
    seen = [
        render(torch.from_numpy(pixels[photos]), draw(seed, epoch, photos, augmentation)) for epoch in range(num_epochs)
    ]
    stacked = torch.stack(seen, dim=1).flatten(0, 1).mul(255).round().to(torch.uint8)
    return stacked.permute(0, 2, 3, 1).numpy()


def render(pixels: Tensor, views: Transforms) -> Tensor:
    """Views of a batch, with one interpolation for zoom, rotation and mirroring together.

    Args:
        pixels: uint8, shape (B, H, W, 3), on any device.
        views: one per photo.

    Returns:
        Float in [0, 1], shape (B, 3, H, W); edges are reflected.
    """
    [seen] = render_each(pixels, [views])
    return seen


def render_each(pixels: Tensor, all_views: Iterable[Transforms]) -> Iterator[Tensor]:
    """The same of several views of a batch, one after the other; not to be changed, plain views share their memory."""
    photos = pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255)
    for views in all_views:
        yield _render(photos, views)


def _render(photos: Tensor, views: Transforms) -> Tensor:
    moved = (views.zoom != 1) | (views.rotation != 0)
    if moved.any():
        photos = _interpolate(photos, views)
    elif views.mirrored.any():
        mirrored = torch.as_tensor(views.mirrored, device=photos.device)[:, None, None, None]
        photos = torch.where(mirrored, photos.flip(-1), photos)
    if (views.hue != 0).any():
        photos = _turn_hue(photos, _column(views.hue, photos))
    if (views.contrast != 1).any() or (views.brightness != 0).any():
        contrast, brightness = (_column(values, photos) for values in (views.contrast, views.brightness))
        mean = photos.mean(dim=(1, 2, 3), keepdim=True)
        photos = (photos * contrast).add_(mean * (1 - contrast) + brightness).clamp_(0, 1)
    return photos


def _views(numbers: NDArray[np.float64], augmentation: AugmentationParameters) -> Transforms:
    signed = 2 * numbers - 1
    zoomed = numbers[:, 0] < augmentation.zoom_share
    return Transforms(
        zoom=np.where(zoomed, 1 + numbers[:, 1] * (float(augmentation.max_zoom) - 1), 1.0),
        rotation=signed[:, 2] * augmentation.max_rotation,
        mirrored=numbers[:, 3] < augmentation.flip_share,
        brightness=signed[:, 4] * augmentation.max_brightness,
        contrast=1 + signed[:, 5] * augmentation.max_contrast,
        hue=signed[:, 6] * augmentation.max_hue,
    )


def _turn_hue(photos: Tensor, turns: Tensor) -> Tensor:
    """Hues further along the circle from red by green to blue; lightest and darkest channel stay (HSV's hexagon)."""
    red, green, blue = photos.chunk(3, dim=1)  # each (B, 1, H, W)
    most, least = photos.amax(dim=1, keepdim=True), photos.amin(dim=1, keepdim=True)
    chroma = most - least
    some = chroma.clamp_min(torch.finfo(chroma.dtype).tiny)  # gray has no hue, and none is seen
    from_red, from_green, from_blue = (green - blue) / some, 2 + (blue - red) / some, 4 + (red - green) / some
    sixths = torch.where(most == red, from_red, torch.where(most == green, from_green, from_blue)) + 6 * turns
    away = (torch.tensor([5.0, 3.0, 1.0], device=photos.device)[:, None, None] + sixths) % 6
    return most - chroma * torch.minimum(away, 4 - away).clamp(0, 1)


def _interpolate(photos: Tensor, views: Transforms) -> Tensor:
    height, width = photos.shape[-2:]
    angle = np.deg2rad(views.rotation)
    side = np.where(views.mirrored, -1.0, 1.0)
    # grid coordinates run from -1 to 1 along both sides, so a rotation of pixels has the side ratio in it
    by_column = [side * np.cos(angle) / views.zoom, side * np.sin(angle) * width / height / views.zoom]
    by_row = [-np.sin(angle) * height / width / views.zoom, np.cos(angle) / views.zoom]
    # sums of a column's and a row's part, in half the time that affine_grid takes for products of matrices
    grid = torch.empty(len(photos), 1, height, width, 2, dtype=photos.dtype, device=photos.device)
    for axis, (of_columns, of_rows) in enumerate(zip(by_column, by_row, strict=True)):
        of_column = _column(of_columns, photos) * _centers(width, photos)
        torch.add(of_column, _column(of_rows, photos) * _centers(height, photos)[:, None], out=grid[..., axis])
    return functional.grid_sample(photos, grid[:, 0], mode="bilinear", padding_mode="reflection", align_corners=False)


def _centers(size: int, photos: Tensor) -> Tensor:
    """Of pixels along a side that runs from -1 to 1."""
    return (2 * torch.arange(size, dtype=photos.dtype, device=photos.device) + 1) / size - 1


def _column(values: NDArray[np.float64], photos: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=photos.dtype, device=photos.device)[:, None, None, None]
