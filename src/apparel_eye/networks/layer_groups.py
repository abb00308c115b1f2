"""Layer groups: from the stem to the head, each with its own learning rate."""

from typing import Any

import numpy as np
from timm.models import group_parameters
from torch import nn

from apparel_eye.errors import UsageError
from apparel_eye.networks.backbones import levels
from apparel_eye.networks.classifier import Classifier

_CUT_STRIDE = 8  # where the early layers end: layer 2 of a ResNet


def layer_groups(model: Classifier, num_groups: int) -> list[list[str]]:
    """Names of the parameters of each group, from the stem to the head, each parameter in exactly one.

    One group holds everything. Otherwise the last is the head, and the backbone is cut into the others: of two parts,
    the early one ends where maps have an eighth of the photo's side, or in networks without a pyramid after half of the
    layers; more parts have as equal numbers of layers as can be, the first ones one more. What a layer is, timm says:
    a block of a residual network or of a transformer.

    Raises:
        UsageError: there are more groups than layers.
    """
    if num_groups == 1:
        return [[name for name, _ in model.named_parameters()]]
    part_of = _parts(model, num_groups - 1)
    parts: list[list[str]] = [[] for _ in range(num_groups - 1)]
    for name, _ in model.backbone.named_parameters():
        parts[part_of[name]].append(f"backbone.{name}")
    return [*parts, [f"head.{name}" for name, _ in model.head.named_parameters()]]


def parameter_groups(model: Classifier, factors: tuple[float, ...]) -> list[dict[str, Any]]:
    """Parameter groups for an optimizer; ``factor`` is the group's share of the learning rate."""
    by_name = dict(model.named_parameters())
    return [
        {"params": [by_name[name] for name in names], "factor": factor}
        for names, factor in zip(layer_groups(model, len(factors)), factors, strict=True)
    ]


def _parts(model: Classifier, num_halves: int) -> dict[str, int]:
    """The part of each of the backbone's parameters."""
    backbone = model.backbone
    if num_halves == 1:
        return {name: 0 for name, _ in backbone.named_parameters()}
    layer_of = _layers(backbone)
    layers = sorted(set(layer_of.values()))
    if num_halves > len(layers):
        raise UsageError(
            f"train.layer_group_factors has {num_halves + 1} numbers, but {_name(backbone)} has {len(layers)} layers "
            f"and a head; give at most {len(layers) + 1}"
        )
    if num_halves == 2:
        cut = _last_early_layer(backbone, layer_of)
        return {name: int(layer > cut) for name, layer in layer_of.items()}
    chunks = np.array_split(layers, num_halves)
    part_of = {int(layer): part for part, chunk in enumerate(chunks) for layer in chunk}
    return {name: part_of[layer] for name, layer in layer_of.items()}


def _layers(backbone: nn.Module) -> dict[str, int]:
    """The number of the layer of each parameter, as timm counts them from the stem on."""
    if not hasattr(backbone, "group_matcher"):
        raise UsageError(
            f"timm knows no layer groups of {_name(backbone)}; give two numbers as train.layer_group_factors, "
            "for the backbone and the head, or choose another train.backbone"
        )
    matcher: Any = backbone.group_matcher
    return dict(group_parameters(backbone, matcher(coarse=False), reverse=True))


def _name(backbone: nn.Module) -> str:
    configuration: Any = backbone.pretrained_cfg
    return str(configuration["architecture"])


def _last_early_layer(backbone: nn.Module, layer_of: dict[str, int]) -> int:
    """The layer that ends stride 8 in networks with a pyramid, half the layers in others."""
    early = [level["module"] for level in levels(backbone) if level["reduction"] <= _CUT_STRIDE]
    if not early or len({level["reduction"] for level in levels(backbone)}) == 1:
        return max(layer_of.values()) // 2
    return max(_last_layer(module, backbone, layer_of) for module in early)


def _last_layer(module: str, backbone: nn.Module, layer_of: dict[str, int]) -> int:
    """The layer that a module ends.

    One without parameters, as an activation, belongs to what is around it; where that begins with it, its output is
    what comes in, and the layer before has ended.
    """
    layers = _layers_in(module, layer_of)
    if layers:
        return max(layers)
    around, _, name = module.rpartition(".")
    if not around:
        return 0
    first, *_ = dict(backbone.get_submodule(around).named_children())
    layers = _layers_in(around, layer_of)
    return min(layers) - 1 if layers and name == first else _last_layer(around, backbone, layer_of)


def _layers_in(module: str, layer_of: dict[str, int]) -> list[int]:
    return [layer for name, layer in layer_of.items() if name.startswith(f"{module}.")]
