"""What the two phases of a stage train, and on what: the head on cached features, all layers on photos."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from apparel_eye.data import transforms
from apparel_eye.data.batches import read
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Rows, Subsets
from apparel_eye.metrics.official import Probabilities
from apparel_eye.networks.classifier import Classifier, Description
from apparel_eye.networks.device import Mode
from apparel_eye.networks.inference import predict_plain, to_probabilities
from apparel_eye.networks.layer_groups import parameter_groups
from apparel_eye.parameters import AugmentationParameters, TrainParameters
from apparel_eye.training import losses
from apparel_eye.training.linear_fit import fit_linear
from apparel_eye.training.stepper import Task


def head_task(
    model: Classifier,
    description: Description,
    features: NDArray[np.float16],
    subsets: Subsets,
    train: TrainParameters,
    device: str,
) -> Task:
    """The head alone, on features of ``stage.compute_features``; the epochs take turns with the views.

    A head that starts from a linear fit is fitted here, and keeps its statistics, which are those of all features.
    """
    mode = Mode(device)
    num_train = len(subsets.train)
    num_views = (len(features) - len(subsets.validation)) // num_train
    targets = losses.target_distributions(subsets.train_label_strings, train.loss)
    weights = losses.photo_weights(subsets.train_label_strings, train.loss)
    if train.head.linear_fit:
        views_of = {"targets": np.tile(targets, (num_views, 1)), "weights": np.tile(weights, num_views)}
        fit_linear(model.head, features[: num_views * num_train], strength=train.head.linear_fit, **views_of)
    mode.place(model)
    cached = torch.from_numpy(np.array(features)).to(mode.where)
    validation = cached[num_views * num_train :]

    @torch.inference_mode()
    def evaluate(positions: Rows) -> Probabilities:
        return to_probabilities(model.head.eval()(validation[positions].float()), description)

    return Task(
        name="head",
        model=model.head,
        mode=mode,
        parameter_groups=[{"params": list(model.head.parameters()), "factor": 1.0}],
        factors=(*(0.0 for _ in train.layer_group_factors[:-1]), 1.0),
        read=lambda positions: torch.from_numpy(positions),
        inputs=lambda _, positions, epoch: cached[(epoch % num_views) * num_train + positions].float(),
        smallest_share=2,
        set_mode=lambda: train_mode(model.head, freeze_statistics=bool(train.head.linear_fit)),
        evaluate=evaluate,
        **_labels(subsets, description, targets, weights, mode),
    )


def whole_batches(train: TrainParameters) -> TrainParameters:
    """For a head: its features need little memory, and its batch norm the whole batch."""
    return train.model_copy(update={"accumulation": 1})


def all_layers_task(
    model: Classifier,
    description: Description,
    pixels: Pixels,
    subsets: Subsets,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    modes: Mapping[str, Mode],
) -> Task:
    """All layers, on photos that are drawn anew in each epoch."""
    mode = modes["train"]
    mode.place(model)
    if train.compile:
        model.feature_maps = torch.compile(model.feature_maps)  # type: ignore[method-assign]

    def inputs(photos: Tensor, positions: Rows, epoch: int) -> Tensor:
        drawn = transforms.draw(train.seed, epoch, subsets.train[positions], augmentation)
        return mode.lay_out(transforms.render(photos, drawn))

    def evaluate(positions: Rows) -> Probabilities:
        rows = subsets.validation[positions]
        return predict_plain(model.eval(), description, pixels, rows, train.batch_size, modes["predict"])

    return Task(
        name="all layers",
        model=model,
        mode=mode,
        parameter_groups=parameter_groups(model, train.layer_group_factors),
        factors=train.layer_group_factors,
        read=lambda positions: read(pixels, subsets.train[positions], mode.where),
        inputs=inputs,
        smallest_share=1 if train.freeze_statistics else 2,
        set_mode=lambda: train_mode(model, train.freeze_statistics),
        evaluate=evaluate,
        **_labels(
            subsets,
            description,
            losses.target_distributions(subsets.train_label_strings, train.loss),
            losses.photo_weights(subsets.train_label_strings, train.loss),
            mode,
        ),
    )


def train_mode(model: nn.Module, freeze_statistics: bool) -> None:
    """Training, in which batch norm uses and keeps its running statistics if they are frozen."""
    model.train()
    if freeze_statistics:
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()


def _labels(
    subsets: Subsets,
    description: Description,
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    mode: Mode,
) -> dict[str, Any]:
    return {
        "targets": torch.from_numpy(targets).to(mode.where),
        "weights": torch.from_numpy(weights).to(mode.where),
        "names": subsets.train_keys,
        "label_strings": subsets.validation_label_strings,
        "values": description.values,
    }
