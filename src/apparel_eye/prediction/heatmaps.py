"""Where in a photo a network sees what speaks for a value: HiResCAM (arXiv:2011.08891)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from apparel_eye.data import transforms
from apparel_eye.data.batches import read
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.networks.classifier import Classifier, Description
from apparel_eye.networks.device import Mode


@torch.inference_mode(False)  # there is a gradient also where the caller wants none
def heatmaps(
    model: Classifier, description: Description, pixels: Pixels, mode: Mode, values: Sequence[int] | None = None
) -> NDArray[np.float32]:
    """How much each place of each photo speaks for a value, as a share of the photo's largest, shape (B, H, W).

    Positive contributions are interpolated to the photo's size. A photo in which nothing speaks for the value is zero.
    Only the backbone has the mode's precision. The model is left as it is.

    Args:
        model: on the mode's device.
        description: of the model; a value without training photos is not predicted.
        pixels: uint8, shape (B, H, W, 3), of one batch.
        mode: how to compute.
        values: one per photo; none: the predicted ones.
    """
    if not len(pixels):
        return np.zeros(pixels.shape[:3], dtype=np.float32)
    photos = transforms.render(read(pixels, np.arange(len(pixels)), mode.where), transforms.plain(len(pixels)))
    with _evaluating(model):
        with torch.no_grad(), mode.autocast():
            maps = model.feature_maps(mode.lay_out(photos))
        chosen = _predicted(model, maps, description) if values is None else torch.tensor(values, device=maps.device)
        positive = contributions(model, maps, chosen).clamp(min=0)
    size = (pixels.shape[1], pixels.shape[2])
    smooth = functional.interpolate(positive[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    largest = smooth.amax(dim=(1, 2), keepdim=True)
    shares: NDArray[np.float32] = (smooth / largest.where(largest > 0, 1)).cpu().numpy()
    return shares


def contributions(model: Classifier, feature_maps: Tensor, values: Tensor) -> Tensor:
    """What each place adds to a value's logit: its gradient times the activation, summed over filters.

    Without hidden layers it is exact: a photo's sum is its logit less that of a feature map of zeros, since batch norm
    in evaluation mode is linear, and a maximum is its gradient times the activations too.

    Args:
        model: in evaluation mode.
        feature_maps: its last ones, shape (B, C, H', W').
        values: one per photo, shape (B,).

    Returns:
        Signed, float32, shape (B, H', W').
    """
    assert len(values) == len(feature_maps), f"{len(values)} values for {len(feature_maps)} photos"
    activations = feature_maps.detach().float().requires_grad_()
    logits = model.head(model.pool(activations)).gather(1, values[:, None])
    (gradients,) = torch.autograd.grad(logits.sum(), activations)
    return (gradients * activations.detach()).sum(dim=1)


@torch.no_grad()
def _predicted(model: Classifier, feature_maps: Tensor, description: Description) -> Tensor:
    seen_values = torch.tensor(description.seen_values, device=feature_maps.device)
    return seen_values[model.head(model.pool(feature_maps.float()))[:, seen_values].argmax(dim=1)]


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode; afterwards each module is in its own again."""
    were_training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in were_training.items():
            module.training = training
