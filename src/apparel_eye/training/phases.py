"""The phases of a stage, what each trains and on what: the head on cached features, then all layers on photos."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from apparel_eye.data import transforms
from apparel_eye.data.batches import read
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Rows, Subsets
from apparel_eye.metrics.labels import photo_weights
from apparel_eye.metrics.official import Probabilities
from apparel_eye.networks import backbones
from apparel_eye.networks.checkpoint import Checkpoint, Weights
from apparel_eye.networks.classifier import Classifier, Description, restore, start
from apparel_eye.networks.device import Mode
from apparel_eye.networks.inference import predict_plain, to_probabilities
from apparel_eye.networks.layer_groups import parameter_groups
from apparel_eye.parameters import (
    AugmentationParameters,
    FinderParameters,
    LossParameters,
    PhaseParameters,
    TrainParameters,
)
from apparel_eye.training import loop, losses, schedule
from apparel_eye.training.best_epochs import Selection
from apparel_eye.training.linear_fit import fit_linear
from apparel_eye.training.rate_finder import Sweep, sweep_rates
from apparel_eye.training.stepper import Task

NOTHING_YET = Checkpoint({}, {})
"""What a phase that was never begun goes on from."""


def train_head(
    features: NDArray[np.float16],
    subsets: Subsets,
    description: Description,
    initial: Weights | Checkpoint,
    phase: PhaseParameters,
    train: TrainParameters,
    device: str = "cpu",
    resume_from: Checkpoint = NOTHING_YET,
) -> Iterator[Checkpoint]:
    """Train the head on cached features; yield the checkpoint so far after each cycle, and as ``loop.train`` says.

    An epoch takes less time than writing its checkpoint would.
    """
    model = start(description, initial, train.seed)
    task = head_task(model, description, features, subsets, train, device)
    judge_start = bool(train.head.linear_fit) or not phase.epochs
    whole = whole_batches(train)
    yield from _train(task, phase, whole, model, description, subsets, resume_from, judge_start, schedule.ends_cycle)


def sweep_head(
    features: NDArray[np.float16],
    subsets: Subsets,
    description: Description,
    initial: Weights | Checkpoint,
    train: TrainParameters,
    finder: FinderParameters,
    device: str = "cpu",
) -> Sweep:
    """How the loss of the head answers to the learning rate, see ``rate_finder``."""
    task = head_task(start(description, initial, train.seed), description, features, subsets, train, device)
    return sweep_rates(task, whole_batches(train), finder)


def fine_tune(
    pixels: Pixels,
    subsets: Subsets,
    checkpoint: Checkpoint,
    phase: PhaseParameters,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    modes: Mapping[str, Mode],
    resume_from: Checkpoint = NOTHING_YET,
) -> Iterator[Checkpoint]:
    """Train all layers; yield the checkpoint so far after each epoch, and as ``loop.train`` says.

    What the head's phase ended with is one of the candidates: where fine-tuning only makes it worse, it is the best.
    Without cycles the checkpoint is handed on as it is.
    """
    if not phase.epochs:
        yield replace(checkpoint, history=[])
        return
    model, description = restore(checkpoint)
    task = all_layers_task(model, description, pixels, subsets, augmentation, train, modes)
    yield from _train(task, phase, train, model, description, subsets, resume_from, True, lambda phase, epoch: True)


def sweep_all_layers(
    pixels: Pixels,
    subsets: Subsets,
    checkpoint: Checkpoint,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    finder: FinderParameters,
    modes: Mapping[str, Mode],
) -> Sweep:
    """How the loss of all layers answers to the learning rate of the head, see ``rate_finder``."""
    model, description = restore(checkpoint)
    task = all_layers_task(model, description, pixels, subsets, augmentation, train, modes)
    return sweep_rates(task, train, finder)


def head_task(
    model: Classifier,
    description: Description,
    features: NDArray[np.float16],
    subsets: Subsets,
    train: TrainParameters,
    device: str,
) -> Task:
    """The head alone, on features of ``features.compute_features``; the epochs take turns with the views.

    A head that starts from a linear fit is fitted here, and keeps its statistics, which are those of all features.
    """
    mode = Mode(device)
    num_train = len(subsets.train)
    num_views = (len(features) - len(subsets.validation)) // num_train
    if train.head.linear_fit:
        targets = np.tile(losses.target_distributions(subsets.train_label_strings, train.loss), (num_views, 1))
        weights = np.tile(_weights_of(subsets, train.loss), num_views)
        fit_linear(model.head, features[: num_views * num_train], targets, weights, train.head.linear_fit)
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
        **_labels(subsets, description, train.loss, mode),
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
        **_labels(subsets, description, train.loss, mode),
    )


def train_mode(model: nn.Module, freeze_statistics: bool) -> None:
    """Training, in which batch norm uses and keeps its running statistics if they are frozen."""
    model.train()
    if freeze_statistics:
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()


def _train(
    task: Task,
    phase: PhaseParameters,
    train: TrainParameters,
    model: Classifier,
    description: Description,
    subsets: Subsets,
    earlier: Checkpoint,
    judge_start: bool,
    is_saved: Callable[[PhaseParameters, int], bool],
) -> Iterator[Checkpoint]:
    """Train, and keep the history and the weights of the chosen epochs."""
    about = description.model_dump(mode="json")
    selection = Selection(subsets.validation_label_strings, subsets.validation_halves, earlier)
    if judge_start and earlier.state is None:
        everyone = np.arange(len(subsets.validation))
        selection.add(0, task.evaluate(everyone), backbones.state(model))
    if not phase.epochs:
        yield selection.checkpoint(about)
        return
    for event in loop.train(task, phase, train, earlier.state):
        if event.row is not None and event.probabilities is not None:
            number = int(event.row["epoch"])
            with event.average.applied():
                selection.add(number, event.probabilities, backbones.state(model), event.row)
            if event.state is not None and not is_saved(phase, number - 1):
                continue
        yield selection.checkpoint(about, event.state)


def _labels(subsets: Subsets, description: Description, loss: LossParameters, mode: Mode) -> dict[str, Any]:
    return {
        "targets": torch.from_numpy(losses.target_distributions(subsets.train_label_strings, loss)).to(mode.where),
        "weights": torch.from_numpy(_weights_of(subsets, loss)).to(mode.where),
        "names": subsets.train_keys,
        "label_strings": subsets.validation_label_strings,
        "values": description.values,
    }


def _weights_of(subsets: Subsets, loss: LossParameters) -> NDArray[np.float32]:
    return photo_weights(subsets.train_label_strings, loss.class_balance).astype(np.float32)
