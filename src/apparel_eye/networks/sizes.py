"""Which heights and widths a backbone can take."""

from functools import cache
from typing import Any

import torch
from torch import nn

from apparel_eye.data.sizes import MULTIPLE, Size, stage_size
from apparel_eye.errors import UsageError
from apparel_eye.networks import backbones


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
