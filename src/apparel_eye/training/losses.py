"""Losses by name: each compares logits with a distribution over the values, photo by photo.

What a label string says beyond its ``y``, a share for values marked ``m`` and smoothing, is in the distribution; so any
loss goes with any of them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from apparel_eye.metrics.labels import value_shares
from apparel_eye.metrics.official import LabelStrings
from apparel_eye.parameters import LossParameters

Loss = Callable[[Tensor, Tensor, LossParameters], Tensor]


def cross_entropy(logits: Tensor, targets: Tensor, loss: LossParameters) -> Tensor:
    """The usual one, minus the logarithm of the probability of what the network should say."""
    return -(targets * logits.log_softmax(dim=1)).sum(dim=1)


def focal(logits: Tensor, targets: Tensor, loss: LossParameters) -> Tensor:
    """Cross entropy that counts less where the network is already right.

    RetinaNet, arXiv:1708.02002, equation 4.
    """
    log_probabilities = logits.log_softmax(dim=1)
    return -(targets * (1 - log_probabilities.exp()) ** loss.focal_gamma * log_probabilities).sum(dim=1)


def earth_mover(logits: Tensor, targets: Tensor, loss: LossParameters) -> Tensor:
    """Cross entropy, and how far probability must be moved along the order of the values, for values that have one.

    The squared earth mover's distance between distributions over ordered values is that of their cumulative sums
    (arXiv:1611.05916, equation 6); alone it learns slowly, so it is added to cross entropy.
    """
    apart = logits.softmax(dim=1).cumsum(dim=1) - targets.cumsum(dim=1)
    return cross_entropy(logits, targets, loss) + loss.order_weight * apart.square().sum(dim=1)


LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "focal": focal, "earth_mover": earth_mover}
"""Of logits and targets, shape (B, values), photo by photo, shape (B,), by their names."""


def target_distributions(label_strings: LabelStrings, loss: LossParameters) -> NDArray[np.float32]:
    """What the network should say of each photo, shape (photos, values), rows sum to 1.

    Args:
        label_strings: label strings as characters, shape (photos, values).
        loss: ``maybe_share`` of a photo goes to the values marked ``m``; of the result, ``label_smoothing`` is spread
            evenly over the values that have photos.
    """
    seen_values = (label_strings == "y").any(axis=0)
    targets = value_shares(label_strings, loss.maybe_share)
    smooth = loss.label_smoothing * seen_values / seen_values.sum()
    distributions: NDArray[np.float32] = ((1 - loss.label_smoothing) * targets + smooth).astype(np.float32)
    return distributions


def per_photo(logits: Tensor, targets: Tensor, weights: Tensor, loss: LossParameters) -> Tensor:
    """Of a batch, shape (B,): logits and targets (B, values), weights (B,)."""
    return weights * LOSSES[loss.name](logits.float(), targets, loss)
