"""A stage: features of drawn views, then the head on them, then all layers on photos."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye.array_part import ArrayPart
from apparel_eye.checkpoint import Checkpoint, Weights
from apparel_eye.parameters import AugmentationParameters, PhaseParameters, TrainParameters
from apparel_eye.subsets import Subsets
from apparel_eye.vision import backbones, device, engine, schedule, views
from apparel_eye.vision.batches import Pixels, batches, to_half, to_tensor
from apparel_eye.vision.classifier import Classifier, Description, restore, start
from apparel_eye.vision.rate_finder import Sweep, sweep_rates
from apparel_eye.vision.selection import Selection
from apparel_eye.vision.work import all_layers_work, head_work

History = list[dict[str, float]]


@torch.inference_mode()
def compute_features(
    pixels: Pixels,
    subsets: Subsets,
    model: Classifier,
    num_views: int,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    precision: str,
) -> Iterator[ArrayPart]:
    """What a frozen backbone gives the head, in parts.

    Rows are ``num_views`` drawn views of the training photos, one view of all photos after the other, then the
    validation photos as they are. Shape (num_views * train + validation, features), float16.
    """
    where = device.current()
    device.to_device(model, where)
    rows_of_views = [*[(subsets.train, view) for view in range(num_views)], (subsets.validation, None)]
    num_rows = sum(len(rows) for rows, _ in rows_of_views)
    first = 0
    with tqdm(total=num_rows, desc="features", unit="photo", disable=None) as bar:
        for rows, view in rows_of_views:
            for photos in batches(rows, train.batch_size):
                drawn = views.plain(len(photos)) if view is None else views.draw(train.seed, view, photos, augmentation)
                with device.autocast(where, precision):
                    features = model.features(views.render(to_tensor(pixels, photos, where), drawn))
                yield ArrayPart(first, num_rows, to_half(features).cpu().numpy())
                first += len(photos)
                bar.update(len(photos))


def train_head(
    features: NDArray[np.float16],
    subsets: Subsets,
    description: Description,
    weights: Weights,
    phase: PhaseParameters,
    train: TrainParameters,
) -> Iterator[tuple[Checkpoint, History]]:
    """Train the head on cached features; yield the checkpoint and the history so far after each cycle.

    An epoch takes less time than writing its checkpoint would.
    """
    model = start(description, weights, train.seed)
    work = head_work(model, description, features, subsets, train)
    initial = Checkpoint.single(backbones.state(model), description.model_dump(mode="json"))
    settings = _settings("head", phase, phase.rate, train, "float32")
    yield from _train(work, settings, model, subsets, initial, every_epoch=False)


def sweep_head(
    features: NDArray[np.float16],
    subsets: Subsets,
    description: Description,
    weights: Weights,
    phase: PhaseParameters,
    train: TrainParameters,
) -> Sweep:
    """How the loss of the head answers to the learning rate, see ``rate_finder``."""
    work = head_work(start(description, weights, train.seed), description, features, subsets, train)
    return sweep_rates(work, _settings("head", phase, train.finder.start, train, "float32"), train.finder)


def fine_tune(
    pixels: Pixels,
    subsets: Subsets,
    checkpoint: Checkpoint,
    phase: PhaseParameters,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    precisions: Mapping[str, str],
) -> Iterator[tuple[Checkpoint, History]]:
    """Train all layers; yield the checkpoint and the history so far after each epoch.

    Without cycles the checkpoint is handed on as it is.
    """
    model, description = restore(checkpoint)
    work = all_layers_work(model, description, pixels, subsets, augmentation, train, precisions)
    settings = _settings("all layers", phase, phase.rate, train, precisions["train"])
    yield from _train(work, settings, model, subsets, checkpoint, every_epoch=True)


def sweep_all_layers(
    pixels: Pixels,
    subsets: Subsets,
    checkpoint: Checkpoint,
    phase: PhaseParameters,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    precisions: Mapping[str, str],
) -> Sweep:
    """How the loss of all layers answers to the learning rate of the head, see ``rate_finder``."""
    model, description = restore(checkpoint)
    work = all_layers_work(model, description, pixels, subsets, augmentation, train, precisions)
    settings = _settings("all layers", phase, train.finder.start, train, precisions["train"])
    return sweep_rates(work, settings, train.finder)


def _train(
    work: engine.Work,
    settings: engine.Settings,
    model: Classifier,
    subsets: Subsets,
    initial: Checkpoint,
    every_epoch: bool,
) -> Iterator[tuple[Checkpoint, History]]:
    """Train, and keep the history and the weights of the chosen epochs."""
    if not settings.phase.epochs:
        yield initial, []
    selection = Selection(subsets.validation_marks, subsets.validation_parts)
    history: History = []
    for epoch in engine.train(work, settings):
        selection.add(epoch.number, epoch.probabilities, backbones.state(model))
        history.append(epoch.row)
        if every_epoch or schedule.ends_cycle(settings.phase, epoch.number):
            yield selection.checkpoint(initial.description), list(history)


def _settings(
    name: str, phase: PhaseParameters, rate: float, train: TrainParameters, precision: str
) -> engine.Settings:
    return engine.Settings(
        name=name,
        phase=phase,
        learning_rate=rate,
        batch_size=train.batch_size,
        weight_decay=train.weight_decay,
        loss=train.loss,
        precision=precision,
        seed=train.seed,
    )
