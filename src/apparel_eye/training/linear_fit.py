"""A head's start: regularized logistic regression on the cached features instead of random weights."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from apparel_eye.networks.heads import Head

_MAX_EXAMPLES = 4_000
"""It is only a start; its cost grows with the cube of the examples."""
_MAX_ITERATIONS = 1_000
_ABSENT = -10.0
"""Logit of a value that no photo has."""


@torch.no_grad()
def fit_linear(
    head: Head,
    features: NDArray[np.float16],
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    strength: float,
) -> None:
    """Fill a head's linear path, in place, so that it predicts as the regression does.

    Args:
        head: with a linear path, whose batch norm gets the features' statistics.
        features: of the training photos, shape (n, D).
        targets: distributions over the values, shape (n, values).
        weights: how much each counts, shape (n,).
        strength: inverse strength of the penalty, see ``logistic.fit``.
    """
    from apparel_eye.classifiers import logistic  # its imports take seconds, in each process
    from apparel_eye.classifiers.dual_basis import deviation
    from apparel_eye.classifiers.heads import Examples

    assert head.linear is not None
    norm, _, linear = head.linear
    assert isinstance(norm, nn.BatchNorm1d)
    assert isinstance(linear, nn.Linear)
    kept = np.unique(np.linspace(0, len(features) - 1, _MAX_EXAMPLES).astype(np.intp))
    photos, values = np.nonzero(targets[kept])
    seen_values, classes = np.unique(values, return_inverse=True)
    examples = Examples(
        features=features[:, None],
        photos=kept[photos],
        classes=classes,
        weights=(targets[kept] * weights[kept, None])[photos, values],
        groups=photos,
    )
    model = logistic.fit(examples, strength, _MAX_ITERATIONS)
    norm.running_mean.copy_(_like(model["mean"], norm.running_mean))  # type: ignore[union-attr, arg-type]
    variance = deviation(model["scale"]) ** 2
    norm.running_var.copy_(_like(variance, norm.running_var))  # type: ignore[union-attr, arg-type]
    # what batch norm divides by is not quite what the regression did
    scale = np.sqrt(variance + norm.eps) / model["scale"]
    linear.weight.zero_()
    linear.bias.fill_(_ABSENT)
    linear.weight[seen_values] = _like(model["coefficients"] * scale, linear.weight)
    linear.bias[seen_values] = _like(model["intercept"], linear.bias)


def _like(array: NDArray[np.float32], tensor: Tensor) -> Tensor:
    return torch.from_numpy(np.asarray(array)).to(tensor)
