"""Networks that only predict, made to pass over their feature maps less often."""

import logging
from collections.abc import Callable
from copy import deepcopy
from functools import partial

import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.norm_act import BatchNormAct2d
from timm.layers.padding import pad_same_arg
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from apparel_eye.data.sizes import Size

logger = logging.getLogger(__name__)

Maps = Callable[[nn.Module, Tensor], Tensor]
"""A backbone and normalized photos, shape (B, 3, H, W), to its feature maps."""

_NORMS = (nn.BatchNorm2d, BatchNormAct2d)
_CONVOLUTIONS = (nn.Conv2d, Conv2dSame)
_TOLERANCE = 1e-3
"""Of the largest activation; rounding stays below, a fold that is wrong does not."""


def fused(backbone: nn.Module, maps: Maps, size: Size, device: str = "cpu") -> nn.Module:
    """A copy that gives the same maps of photos of one size in less time, but cannot be trained.

    In evaluation a batch norm is a factor and a sum for each filter, which the convolution before it can do (Jacob et
    al., CVPR 2018, section 3.2). TensorFlow's networks pad one side of a map more than the other, for which the map is
    copied; a convolution pads both sides alike in passing, and zeros in its kernel make up for the difference. That is
    done for processors only, where it was measured: for GPUs there are fast kernels of some sizes only.

    What was folded is compared with the original on noise, in float32. Where there is nothing to fold, or the network
    uses what comes between a convolution and its batch norm, it is returned itself.

    Args:
        backbone: in evaluation mode, on the processor; left as it is.
        maps: what it is used for.
        size: height and width of the photos.
        device: torch's name of where it will compute.
    """
    if not any(type(module) in (*_NORMS, Conv2dSame) for module in backbone.modules()):
        return backbone
    noise = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(0))
    model = deepcopy(backbone)
    with torch.inference_mode():
        expected, norms, lopsided = _trace(model, maps, noise)
    with torch.no_grad():
        for name, convolution, norm in norms:
            model.set_submodule(name, _fuse_norm(convolution, norm))
        for name, (convolution, shape) in lopsided.items() if device == "cpu" else ():
            model.set_submodule(name, _pad_alike(convolution, shape))
    with torch.inference_mode():
        found = maps(model, noise)
    if expected.shape == found.shape and (expected - found).abs().max() <= _TOLERANCE * expected.abs().max():
        return model
    logger.info("    this backbone predicts as it is, since it gives other numbers with its batch norms folded")
    return backbone


def _trace(
    model: nn.Module, maps: Maps, photos: Tensor
) -> tuple[Tensor, list[tuple[str, nn.Conv2d, nn.BatchNorm2d]], dict[str, tuple[nn.Conv2d, Size]]]:
    """Maps of the photos, and on the way to them: batch norms and the convolutions before them; lopsided convolutions,
    and height and width of what they get.
    """
    outputs: dict[int, tuple[nn.Conv2d, Tensor]] = {}  # tensors are kept, or others could get their identity
    norms: list[tuple[str, nn.Conv2d, nn.BatchNorm2d]] = []
    lopsided: dict[str, tuple[nn.Conv2d, Size]] = {}

    def watch_convolution(name: str, module: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        outputs[id(output)] = module, output
        if type(module) is Conv2dSame:
            lopsided[name] = module, (inputs[0].shape[-2], inputs[0].shape[-1])

    def watch_norm(name: str, module: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        if module.running_var is not None and id(inputs[0]) in outputs:
            norms.append((name, outputs[id(inputs[0])][0], module))

    hooks = []
    for name, module in model.named_modules():
        if type(module) in _CONVOLUTIONS:
            hooks.append(module.register_forward_hook(partial(watch_convolution, name)))
        elif type(module) in _NORMS:
            hooks.append(module.register_forward_pre_hook(partial(watch_norm, name)))
    found = maps(model, photos)
    for hook in hooks:
        hook.remove()
    return found, norms, lopsided


def _fuse_norm(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Module:
    """Change the convolution; what is left of the norm."""
    folded = fuse_conv_bn_eval(convolution, norm)
    convolution.weight, convolution.bias = folded.weight, folded.bias
    return nn.Sequential(norm.drop, norm.act) if isinstance(norm, BatchNormAct2d) else nn.Identity()


def _pad_alike(lopsided: nn.Conv2d, shape: Size) -> nn.Conv2d:
    height, width = kernel_size = list(lopsided.kernel_size)
    left, right, above, below = pad_same_arg(list(shape), kernel_size, list(lopsided.stride), list(lopsided.dilation))
    if (above, left) != (below, right) and lopsided.dilation != (1, 1):
        return lopsided  # zeros would have to stand between all of its rows
    kernel = functional.pad(lopsided.weight, (right - left, 0, below - above, 0))
    even = nn.Conv2d(
        lopsided.in_channels,
        lopsided.out_channels,
        (height + below - above, width + right - left),
        (lopsided.stride[0], lopsided.stride[1]),
        (below, right),
        (lopsided.dilation[0], lopsided.dilation[1]),
        lopsided.groups,
        bias=False,
        device="meta",  # elsewhere its weights would be drawn, and what is drawn next would be other numbers
    )
    even.weight, even.bias = nn.Parameter(kernel), lopsided.bias
    return even
