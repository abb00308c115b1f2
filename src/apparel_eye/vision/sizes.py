"""How high and wide a stage's photos are, and whether a backbone can take them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn

from apparel_eye.errors import UsageError
from apparel_eye.vision import backbones
from apparel_eye.vision.backbones import Size

MULTIPLE = 32
"""Of pixels: the stride of the last feature map of nearly all backbones."""


def stage_size(size: Size | int, heights: Sequence[int], widths: Sequence[int], multiple: int = MULTIPLE) -> Size:
    """Height and width of a stage: as given, or of about the given area with the photos' median side ratio.

    Among sizes in multiples of 32, or of what the backbone needs, the one closest to area and ratio (in logarithms) is
    taken.
    """
    if not isinstance(size, int):
        return size
    ratio = float(np.median(np.asarray(heights) / np.asarray(widths)))
    sides = np.arange(1, max(2, 2 * int(size**0.5) // multiple) + 1) * multiple
    height, width = np.meshgrid(sides, sides, indexing="ij")
    misfit = np.abs(np.log(height * width / size)) + np.abs(np.log(height / width / ratio))
    best = np.unravel_index(np.argmin(misfit), misfit.shape)
    return int(height[best]), int(width[best])


def multiple_of(name: str) -> int:
    """About 32 pixels, such that a transformer's patches divide it."""
    patch = _patch(name)
    return max(1, round(MULTIPLE / patch)) * patch


def check_size(name: str, size: Size | int, key: str) -> None:
    """Refuse a size that a backbone cannot take, before anything is computed.

    Args:
        name: timm's name.
        size: height and width, or an area, of which only the square is tried.
        key: the parameter that the size is of.

    Raises:
        UsageError: with sizes that fit.
    """
    tried = size if not isinstance(size, int) else stage_size(size, [1], [1], multiple_of(name))
    problem = _misfit(name, tried)
    if problem:
        found = size if isinstance(size, int) else list(size)
        near = [str(list(fitting)) for fitting in _near(name, tried)]
        remedy = f"give {' or '.join(near)}" if near else "choose another train.backbone"
        raise UsageError(f"{key} is {found}, but {name} {problem}; {remedy}")


@cache
def _misfit(name: str, size: Size) -> str | None:
    """Why a backbone cannot take photos of a size."""
    patch = _patch(name)
    if size[0] % patch or size[1] % patch:
        return f"cuts photos into patches of {patch} pixels"
    for device in ("meta", "cpu"):  # without numbers it takes no time, but not all networks can do without
        try:
            return _misfit_on(device, name, size)
        except Exception:  # of all kinds, wherever in the network the shapes do not fit
            continue
    return "cannot compute with such photos"


@torch.no_grad()
def _misfit_on(device: str, name: str, size: Size) -> str | None:
    with torch.device(device):
        model, own = backbones.create(name, size).eval(), backbones.create(name)
        backbones.feature_maps(model, torch.zeros(1, 3, *size))
    if not backbones.can_resize(model) and _shapes(model) != _shapes(own):
        return "is made for photos of one size"
    return None


def _shapes(model: nn.Module) -> list[torch.Size]:
    return [tensor.shape for tensor in model.state_dict().values()]


def _near(name: str, size: Size) -> list[Size]:
    """Sizes to propose: a smaller and a larger one, or else the backbone's own, if it works at all."""
    height, width = size
    for step in dict.fromkeys([_patch(name), multiple_of(name)]):
        smaller = (max(1, height // step) * step, max(1, width // step) * step)
        larger = (-(-height // step) * step, -(-width // step) * step)
        fitting = [near for near in dict.fromkeys([smaller, larger]) if _misfit(name, near) is None]
        if fitting:
            return fitting
    return [own for own in [backbones.own_size(name)] if _misfit(name, own) is None]


@cache
def _patch(name: str) -> int:
    """The side of the patches that a transformer cuts photos into; 1 of other networks."""
    with torch.device("meta"):
        model = backbones.create(name)
    embedding: Any = getattr(model, "patch_embed", None)
    return int(embedding.feat_ratio()) if hasattr(embedding, "feat_ratio") else 1
