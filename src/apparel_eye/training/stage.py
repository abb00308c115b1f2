"""A stage: features of drawn views, then the head on them, then all layers on photos."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye.chunks import ArrayChunk, slices
from apparel_eye.data import transforms
from apparel_eye.data.batches import read, to_half
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Subsets
from apparel_eye.networks import backbones
from apparel_eye.networks.checkpoint import Checkpoint, Weights
from apparel_eye.networks.classifier import Classifier, Description, restore, start
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import (
    AugmentationParameters,
    FeatureParameters,
    FinderParameters,
    PhaseParameters,
    TrainParameters,
)
from apparel_eye.training import loop, schedule
from apparel_eye.training.best_epochs import Selection
from apparel_eye.training.rate_finder import Sweep, sweep_rates
from apparel_eye.training.stepper import Task
from apparel_eye.training.tasks import all_layers_task, head_task, whole_batches

NOTHING_YET = Checkpoint({}, {})
"""What a phase that was never begun goes on from."""


@torch.inference_mode()
def compute_features(
    pixels: Pixels,
    subsets: Subsets,
    model: Classifier,
    num_views: int,
    augmentation: AugmentationParameters,
    train: FeatureParameters,
    mode: Mode,
) -> Iterator[ArrayChunk]:
    """What a frozen backbone gives the head, in parts.

    Rows are ``num_views`` drawn views of the training photos, one view of all photos after the other, then the
    validation photos as they are. Shape (num_views * train + validation, features), float16.
    """
    assert pixels.shape[1:3] == model.size
    quick = model.fused(mode.device)
    mode.place(quick)
    rows_of_views = [*[(subsets.train, view) for view in range(num_views)], (subsets.validation, None)]
    num_rows = sum(len(rows) for rows, _ in rows_of_views)
    first = 0
    with tqdm(total=num_rows, desc="features", unit="photo", disable=None) as bar:
        for rows, view in rows_of_views:
            for photos in slices(rows, train.batch_size):
                drawn = (
                    transforms.plain(len(photos))
                    if view is None
                    else transforms.draw(train.seed, view, photos, augmentation)
                )
                seen = mode.lay_out(transforms.render(read(pixels, photos, mode.where), drawn))
                with mode.autocast():
                    features = quick.features(seen)
                yield ArrayChunk(first, num_rows, to_half(features).cpu().numpy())
                first += len(photos)
                bar.update(len(photos))


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
