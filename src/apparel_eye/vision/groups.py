"""Layer groups: early layers of the backbone, late ones, and the head, each with its own learning rate."""

from typing import Any

from timm.models import group_parameters
from torch import nn

from apparel_eye.vision.classifier import Classifier

_CUT_STRIDE = 8  # where the early layers end: layer 2 of a ResNet


def layer_groups(model: Classifier) -> list[list[str]]:
    """Names of the parameters of the three groups, each parameter in exactly one."""
    backbone = model.backbone
    matcher: Any = backbone.group_matcher
    layer_of: dict[str, int] = group_parameters(backbone, matcher(coarse=False), reverse=True)
    cut = _last_early_layer(backbone, layer_of)
    early = [f"backbone.{name}" for name, _ in backbone.named_parameters() if layer_of[name] <= cut]
    late = [f"backbone.{name}" for name, _ in backbone.named_parameters() if layer_of[name] > cut]
    head = [name for name, _ in model.named_parameters() if name.startswith("head.")]
    return [early, late, head]


def parameter_groups(model: Classifier, factors: tuple[float, ...]) -> list[dict[str, Any]]:
    """Parameter groups for an optimizer; ``factor`` is the group's share of the learning rate."""
    by_name = dict(model.named_parameters())
    return [
        {"params": [by_name[name] for name in names], "factor": factor}
        for names, factor in zip(layer_groups(model), factors, strict=True)
        if names
    ]


def _last_early_layer(backbone: nn.Module, layer_of: dict[str, int]) -> int:
    """The layer that ends stride 8 in networks with a pyramid, half the layers in others."""
    information: Any = backbone.feature_info
    levels = information.info if hasattr(information, "info") else information
    early = [level["module"] for level in levels if level["reduction"] <= _CUT_STRIDE]
    if not early or len({level["reduction"] for level in levels}) == 1:
        return max(layer_of.values()) // 2
    return max(layer for module in early for layer in _layers_in(module, layer_of))


def _layers_in(module: str, layer_of: dict[str, int]) -> list[int]:
    """Layers of a module's parameters; of the module around it where it has none, as an activation."""
    while module:
        layers = [layer for name, layer in layer_of.items() if name.startswith(f"{module}.")]
        if layers:
            return layers
        module = module.rpartition(".")[0]
    return [0]
