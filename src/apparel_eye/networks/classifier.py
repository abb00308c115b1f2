"""A network: normalization, backbone, pooling and layers, made from a checkpoint and turned back into one."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from torch import Tensor, nn

from apparel_eye.data.subsets import Rows
from apparel_eye.errors import DataError
from apparel_eye.networks import backbones, fusion, heads
from apparel_eye.networks.checkpoint import Checkpoint, Weights
from apparel_eye.parameters import FeatureParameters, HeadParameters, Parameters, ResizeMode

_PREFIX = "backbone."


class Description(Parameters):
    """What a checkpoint's weights are; JSON in the file's header."""

    # JSON knows no tuples; it keeps the keys that the first version wrote, so that any version reads any file
    model_config = ConfigDict(strict=False, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    backbone: str
    category: str
    values: tuple[str, ...]
    size: tuple[int, int]
    resize: ResizeMode
    mean: tuple[float, ...]
    std: tuple[float, ...]
    head: HeadParameters
    seen_values: tuple[int, ...] = Field(alias="present")


class Classifier(nn.Module):
    """Photos in [0, 1] of shape (B, 3, H, W) to logits of shape (B, values)."""

    mean: Tensor
    std: Tensor

    def __init__(self, description: Description) -> None:
        super().__init__()
        self.backbone = backbones.create(description.backbone, description.size)
        self.size = description.size
        self.pool = heads.POOLINGS[description.head.pooling]
        self.register_buffer("mean", torch.tensor(description.mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(description.std)[:, None, None], persistent=False)
        num_features = self._num_features(description.size)
        self.head = heads.Head(num_features, len(description.values), description.head)

    def fused(self, device: str) -> "Classifier":
        """A copy that gives the same logits of photos of its size in less time, but cannot be trained.

        Args:
            device: torch's name of where it will compute, see ``fusion``.
        """
        quick = fusion.fused(self.backbone, backbones.feature_maps, self.size, device)
        return deepcopy(self, {id(self.backbone): quick} if quick is not self.backbone else {})

    def feature_maps(self, photos: Tensor) -> Tensor:
        """Last feature maps, shape (B, C, H', W')."""
        return backbones.feature_maps(self.backbone, (photos - self.mean) / self.std)

    def features(self, photos: Tensor) -> Tensor:
        """What the head gets, shape (B, features)."""
        return self.pool(self.feature_maps(photos))

    def forward(self, photos: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(photos))
        return logits

    @torch.no_grad()
    def _num_features(self, size: tuple[int, int]) -> int:
        self.backbone.eval()
        return int(self.features(torch.zeros(1, 3, *size)).shape[1])


def describe(
    train: FeatureParameters,
    category: str,
    values: Sequence[str],
    size: Sequence[int],
    seen_values: Sequence[int] | Rows,
) -> Description:
    """The network that the parameters ask for, for photos of a height and width."""
    mean, std = backbones.normalization(train.backbone)
    return Description(
        backbone=train.backbone,
        category=category,
        values=tuple(values),
        size=(int(size[0]), int(size[1])),
        resize=train.resize,
        mean=mean,
        std=std,
        head=train.head,
        seen_values=tuple(int(index) for index in seen_values),
    )


def restore(checkpoint: Checkpoint, reason: str = "best") -> tuple[Classifier, Description]:
    """The network of a checkpoint, in evaluation mode."""
    description = Description.model_validate(checkpoint.description)
    model = Classifier(description)
    backbones.load(model, dict(checkpoint.of(reason)))
    return model.eval(), description


def start(description: Description, initial: Weights | Checkpoint, seed: int) -> Classifier:
    """A network to train: weights that fit are taken over, others start from the seed.

    A head on rows that comes from a smaller size has fewer of them: its weights are stretched along the rows.

    Args:
        description: of the network.
        initial: the checkpoint of the stage before, or a pretrained backbone's weights under ``backbone.`` names.
        seed: of the random weights.
    """
    if isinstance(initial, Checkpoint):
        weights, size_before = initial.of("best"), Description.model_validate(initial.description).size
    else:
        weights, size_before = initial, None  # pretrained weights are of the backbone's own size
    fitted = backbones.fit_to(description.backbone, without_prefix(weights), description.size, size_before)
    weights = {**weights, **with_prefix(fitted)}
    torch.manual_seed(seed)
    model = Classifier(description)
    own = backbones.state(model)
    num_filters = int(model.backbone.num_features)  # type: ignore[arg-type]
    stretched = {
        key: heads.stretch_rows(array, own[key].shape, num_filters)
        if key.startswith("head.") and description.head.pooling == "rows"
        else array
        for key, array in weights.items()
        if key in own
    }
    fitting = {key: array for key, array in stretched.items() if own[key].shape == array.shape}
    missing = [key for key in own if key.startswith(_PREFIX) and key not in fitting]
    if missing:
        raise DataError(
            f"the weights lack {len(missing)} of the backbone's, for example {missing[0]!r}; "
            f"start from weights of {description.backbone}"
        )
    backbones.load(model, {**own, **fitting})
    return model.eval()


def with_prefix(backbone_weights: Weights) -> dict[str, NDArray[Any]]:
    """A backbone's weights under the names that they have in a classifier."""
    return {_PREFIX + name: array for name, array in backbone_weights.items()}


def without_prefix(weights: Weights) -> dict[str, NDArray[Any]]:
    """The backbone's weights of a classifier under their own names."""
    return {name.removeprefix(_PREFIX): array for name, array in weights.items() if name.startswith(_PREFIX)}
