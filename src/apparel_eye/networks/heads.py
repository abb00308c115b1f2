"""From the last feature map to the values: a pooling without weights, then layers.

The pooling is apart from the layers because with the backbone frozen its results are all that training needs: they are
computed once and kept.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from apparel_eye.networks.dropout import Dropout
from apparel_eye.parameters import HeadParameters


def averages(feature_maps: Tensor) -> Tensor:
    """Average and maximum of each filter, as the write-up pools."""
    # (B, 2 C)
    return torch.cat([feature_maps.mean(dim=(2, 3)), feature_maps.amax(dim=(2, 3))], dim=1)


def mean(feature_maps: Tensor) -> Tensor:
    """Average of each filter, as most networks pool."""
    # (B, C)
    return feature_maps.mean(dim=(2, 3))


def rows(feature_maps: Tensor) -> Tensor:
    """Averages over the width only, which keep where a garment ends."""
    # (B, C H)
    return feature_maps.mean(dim=3).flatten(1)


POOLINGS: dict[str, Callable[[Tensor], Tensor]] = {"averages": averages, "mean": mean, "rows": rows}
"""From feature maps, shape (B, C, H, W), to features, shape (B, D), by their names."""


class Head(nn.Module):
    """Features of shape (B, D) to logits of shape (B, values)."""

    def __init__(self, num_features: int, num_values: int, head: HeadParameters) -> None:
        super().__init__()
        self.hidden = hidden_layers(num_features, num_values, head) if head.hidden else None
        self.linear = linear_layer(num_features, num_values, head) if head.linear_fit or not head.hidden else None
        if self.hidden and self.linear:  # so that the start is the linear fit and nothing else
            for parameter in self.hidden[-1].parameters():
                nn.init.zeros_(parameter)

    def forward(self, features: Tensor) -> Tensor:
        paths: list[Tensor] = [path(features) for path in (self.linear, self.hidden) if path is not None]
        return torch.stack(paths).sum(dim=0)


def linear_layer(num_features: int, num_values: int, head: HeadParameters) -> nn.Sequential:
    """Batch norm, dropout, and a linear layer to the values."""
    return nn.Sequential(nn.BatchNorm1d(num_features), Dropout(head.input_dropout), nn.Linear(num_features, num_values))


def hidden_layers(num_features: int, num_values: int, head: HeadParameters) -> nn.Sequential:
    """Batch norm, dropout and linear layers, with ReLU between; fast.ai 0.7's order."""
    modules: list[nn.Module] = []
    width, dropout = num_features, head.input_dropout
    for hidden in head.hidden:
        modules += [nn.BatchNorm1d(width), Dropout(dropout), nn.Linear(width, hidden), nn.ReLU()]
        width, dropout = hidden, head.dropout
    return nn.Sequential(*modules, nn.BatchNorm1d(width), Dropout(dropout), nn.Linear(width, num_values))


def stretch_rows(array: NDArray[Any], shape: tuple[int, ...], num_filters: int) -> NDArray[Any]:
    """Weights or statistics of a head on rows, for another number of rows; others are returned as they are.

    Weights are scaled by the share of rows, so that the output keeps its size.

    Args:
        array: last axis ``num_filters`` times the old number of rows.
        shape: wanted; last axis ``num_filters`` times the new number of rows.
        num_filters: of the last feature map.
    """
    if array.shape[:-1] != shape[:-1] or array.shape == shape:
        return array
    old, new = array.shape[-1], shape[-1]
    if old % num_filters or new % num_filters:
        return array
    old_rows, new_rows = old // num_filters, new // num_filters
    per_filter = torch.from_numpy(array.reshape(-1, num_filters, old_rows).astype(np.float32))
    stretched = functional.interpolate(per_filter, size=new_rows, mode="linear", align_corners=False)
    if array.ndim > 1:
        stretched *= old_rows / new_rows
    return stretched.reshape(shape).numpy().astype(array.dtype)
