"""Backbones: any of timm's networks without its classifier, for photos of any size that it can take."""

import difflib
from typing import Any

import timm
import torch
from timm.models import PretrainedCfg
from torch import Tensor, nn

from apparel_eye.data.sizes import Size
from apparel_eye.errors import DataError, UsageError
from apparel_eye.networks.checkpoint import Weights


def create(name: str, size: Size | None = None) -> nn.Module:
    """A backbone without its classifier, with random weights.

    Args:
        name: timm's name.
        size: of the photos; none: the backbone's own. Convolutional networks take photos of any size.

    Raises:
        UsageError: timm has no such model; the nearest names are given.
    """
    check_name(name)
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0)
    if size is None or not is_fixed(name) or size == own_size(name):
        return model
    if not can_resize(model):
        return timm.create_model(name, pretrained=False, num_classes=0, img_size=size)
    _resize(model, size)
    return model


def check_name(name: str) -> None:
    """Refuse a name that timm does not have."""
    architecture, _, tag = name.partition(".")
    tagged = timm.list_models(f"{architecture}.*", include_tags=True) if timm.is_model(architecture) else []
    if not timm.is_model(name) or (tag and name not in tagged):
        near = difflib.get_close_matches(name if tagged else architecture, tagged or timm.list_models(), n=3, cutoff=0)
        raise UsageError(f"train.backbone is {name!r}, which timm does not have; the nearest are {', '.join(near)}")


def is_fixed(name: str) -> bool:
    """Whether the network is built for photos of one size, as transformers are that know the place of each patch."""
    return bool(configuration(name).fixed_input_size)


def own_size(name: str) -> Size:
    """Of the photos that the pretrained weights were trained on."""
    _, height, width = configuration(name).input_size
    return height, width


def can_resize(model: nn.Module) -> bool:
    """Whether timm can resample what depends on the size of the photos: embeddings of positions, sizes of windows."""
    return hasattr(model, "set_input_size")


def restored(name: str, weights: Weights, size: Size | None = None) -> nn.Module:
    """A backbone for a size, with the weights of one for this size, in evaluation mode."""
    model = create(name, size)
    load(model, weights)
    return model.eval()


def fit_to(name: str, weights: Weights, size: Size, size_before: Size | None = None) -> Weights:
    """Weights for photos of another size; those of convolutional networks are returned as they are.

    Args:
        name: timm's name.
        weights: of the backbone for the size before.
        size: of the photos from now on.
        size_before: of the photos before; none: the backbone's own, which pretrained weights have.
    """
    if not is_fixed(name) or size == (size_before or own_size(name)):
        return weights
    model = create(name, size_before)
    if not can_resize(model):  # its weights do not depend on the size, or `sizes.check_size` would have refused it
        return weights
    load(model, weights)
    _resize(model, size)
    return state(model)


def load(model: nn.Module, weights: Weights) -> None:
    """Fill a model with weights, in place.

    Raises:
        DataError: names and shapes are not the model's own, or a number is not finite.
    """
    tensors = {key: torch.from_numpy(array.copy()) for key, array in weights.items()}
    _check_shapes(_shapes(tensors), _shapes(model.state_dict()))
    spoiled = [key for key, tensor in tensors.items() if not tensor.isfinite().all()]
    if spoiled:
        raise DataError(
            f"{len(spoiled)} of {len(tensors)} arrays of weights are not finite, for example {spoiled[0]!r}; "
            "get them anew"
        )
    model.load_state_dict(tensors)


def feature_maps(model: nn.Module, photos: Tensor) -> Tensor:
    """Last feature maps of normalized photos, shape (B, C, H', W'); a transformer's are its patches in their places."""
    maps: Tensor = model.forward_features(photos)  # type: ignore[operator]
    if maps.ndim == 3:
        stride = levels(model)[-1]["reduction"]
        height, width = (-(-side // stride) for side in photos.shape[2:])
        patches = maps[:, -height * width :]  # what comes before them stands for the whole photo
        return patches.transpose(1, 2).reshape(len(maps), -1, height, width)
    return maps.permute(0, 3, 1, 2) if getattr(model, "output_fmt", "NCHW") == "NHWC" else maps


def levels(model: nn.Module) -> list[dict[str, Any]]:
    """What timm tells of the feature maps from the stem on: ``module`` that gives them, ``reduction`` of the sides."""
    information: Any = model.feature_info
    return list(information.info if hasattr(information, "info") else information)


def state(model: nn.Module) -> Weights:
    """A model's weights as arrays of their own."""
    return {key: tensor.detach().cpu().numpy().copy() for key, tensor in model.state_dict().items()}


def normalization(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel that the pretrained weights expect, in units of the full range."""
    return tuple(configuration(name).mean), tuple(configuration(name).std)


def configuration(name: str) -> PretrainedCfg:
    """What timm knows of the pretrained weights."""
    found = timm.models.get_pretrained_cfg(name)
    if found is None:
        raise UsageError(f"train.backbone is {name!r}, of which timm knows no normalization; choose another")
    return found


def _resize(model: nn.Module, size: Size) -> None:
    model.set_input_size(img_size=size)  # type: ignore[operator]


def _shapes(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(tensor.shape) for key, tensor in tensors.items()}


def _check_shapes(found: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> None:
    missing = [key for key in expected if key not in found]
    foreign = [key for key in found if key not in expected]
    other = [key for key in expected if key in found and found[key] != expected[key]]
    problems = [
        f"{len(missing)} of its {len(expected)} arrays missing, for example {missing[0]!r}" if missing else "",
        f"{len(foreign)} not of it, for example {foreign[0]!r}" if foreign else "",
        f"{len(other)} of another shape, for example {other[0]!r} {found[other[0]]} instead of {expected[other[0]]}"
        if other
        else "",
    ]
    if any(problems):
        what = "; ".join(filter(None, problems))
        raise DataError(f"the weights do not fit the network: {what}; use weights of this very backbone")
