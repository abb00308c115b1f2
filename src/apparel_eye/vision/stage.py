"""A stage: features of drawn views, then the head on them, then all layers on photos."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from apparel_eye.array_part import ArrayPart
from apparel_eye.checkpoint import Checkpoint, Weights
from apparel_eye.parameters import AugmentationParameters, PhaseParameters, TrainParameters
from apparel_eye.subsets import Subsets
from apparel_eye.vision import backbones, device, engine, losses, schedule, views
from apparel_eye.vision.batches import Pixels, batches, to_half, to_tensor
from apparel_eye.vision.classifier import Classifier, Description, restore, start
from apparel_eye.vision.groups import parameter_groups
from apparel_eye.vision.inference import predict_plain, to_probabilities
from apparel_eye.vision.selection import Selection

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
    num_train = len(subsets.train)
    num_views = (len(features) - len(subsets.validation)) // num_train
    where = device.current()
    model = start(description, weights, train.seed).to(where)
    cached = torch.from_numpy(np.array(features)).to(where)
    validation = cached[num_views * num_train :].float()

    @torch.inference_mode()
    def evaluate() -> NDArray[np.float64]:
        return to_probabilities(model.head.eval()(validation), description)

    work = engine.Work(
        model=model.head,
        groups=[{"params": list(model.head.parameters()), "factor": 1.0}],
        inputs=lambda positions, epoch: cached[(epoch % num_views) * num_train + positions].float(),
        targets=losses.target_distributions(subsets.train_marks, train.loss),
        weights=losses.photo_weights(subsets.train_marks, train.loss),
        set_mode=model.head.train,
        evaluate=evaluate,
        marks=subsets.validation_marks,
    )
    initial = Checkpoint.single(backbones.state(model), description.model_dump(mode="json"))
    yield from _train(work, _settings("head", phase, train, "float32"), model, subsets, initial, every_epoch=False)


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
    where = device.current()
    model, description = restore(checkpoint)
    device.to_device(model, where)
    work = engine.Work(
        model=model,
        groups=parameter_groups(model, train.layer_group_factors),
        inputs=lambda positions, epoch: views.render(
            to_tensor(pixels, subsets.train[positions], where),
            views.draw(train.seed, epoch, subsets.train[positions], augmentation),
        ),
        targets=losses.target_distributions(subsets.train_marks, train.loss),
        weights=losses.photo_weights(subsets.train_marks, train.loss),
        set_mode=lambda: _train_mode(model, train.freeze_statistics),
        evaluate=lambda: predict_plain(
            model.eval(), description, pixels, subsets.validation, train.batch_size, precisions["predict"]
        ),
        marks=subsets.validation_marks,
    )
    settings = _settings("all layers", phase, train, precisions["train"])
    yield from _train(work, settings, model, subsets, checkpoint, every_epoch=True)


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


def _settings(name: str, phase: PhaseParameters, train: TrainParameters, precision: str) -> engine.Settings:
    return engine.Settings(
        name=name,
        phase=phase,
        batch_size=train.batch_size,
        weight_decay=train.weight_decay,
        loss=train.loss,
        precision=precision,
        seed=train.seed,
    )


def _train_mode(model: Classifier, freeze_statistics: bool) -> None:
    model.train()
    if freeze_statistics:
        for module in model.backbone.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
