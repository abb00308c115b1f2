"""Networks for out-of-fold activations: each is trained as a run trains its own, but without some folds."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Rows, Subsets, without
from apparel_eye.networks.checkpoint import Checkpoint, Weights
from apparel_eye.networks.classifier import Description, describe, start, without_prefix
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import (
    STAGES,
    AugmentationParameters,
    FinderParameters,
    StageParameters,
    StagesParameters,
    TrainParameters,
)
from apparel_eye.training import features as cached
from apparel_eye.training import phases
from apparel_eye.training.rate_finder import is_wanted, with_rate

logger = logging.getLogger(__name__)

Made = TypeVar("Made")


def train_fold_networks(
    pixels: Mapping[str, Pixels],
    subsets: Subsets,
    left_out: Sequence[Rows],
    initial: Weights,
    category: str,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    stages: StagesParameters,
    finder: FinderParameters,
    modes: Mapping[str, Mode],
) -> Iterator[Weights]:
    """Backbones, each of which has seen neither the photos of some folds nor those of the validation fold.

    Their epochs are chosen by the photos of these folds. Stages after the last that trains all layers leave backbones
    as they are, so they are left out.

    Args:
        pixels: photos at each stage's size, by stage.
        subsets: which photos train, and their folds.
        left_out: the folds that each network does not see.
        initial: pretrained weights under the names that they have in a classifier.
        category: what is recognized.
        augmentation: what training sees.
        train: how it trains.
        stages: at which sizes, and how long.
        finder: of learning rates.
        modes: how to compute.
    """
    for position, numbers in enumerate(left_out, start=1):
        logger.info("    network %d of %d, without folds %s", position, len(left_out), ", ".join(map(str, numbers)))
        of_fold = without(subsets, np.isin(subsets.train_folds, numbers))
        weights: Weights | Checkpoint = initial
        for name in _stages(stages):
            size = pixels[name].shape[1:3]
            description = describe(train, category, subsets.values, size, of_fold.seen_values)
            stage: StageParameters = getattr(stages, name)
            weights = _train_stage(
                pixels[name], of_fold, description, weights, stage, augmentation, train, finder, modes
            )
        yield without_prefix(weights.of("best") if isinstance(weights, Checkpoint) else weights)


def _stages(stages: StagesParameters) -> tuple[str, ...]:
    fine_tuned = [number for number, name in enumerate(STAGES, start=1) if getattr(stages, name).fine_tune.epochs]
    return STAGES[: max(fine_tuned, default=0)]


def _train_stage(
    pixels: Pixels,
    subsets: Subsets,
    description: Description,
    initial: Weights | Checkpoint,
    stage: StageParameters,
    augmentation: AugmentationParameters,
    train: TrainParameters,
    finder: FinderParameters,
    modes: Mapping[str, Mode],
) -> Checkpoint:
    device = modes["train"].device
    model = start(description, initial, train.seed)
    chunks = cached.compute_features(pixels, subsets, model, stage.num_views, augmentation, train, modes["predict"])
    features = np.concatenate([chunk.rows for chunk in chunks])
    of_head = (features, subsets, description, initial)
    sweep = phases.sweep_head(*of_head, train, finder, device) if is_wanted(stage.head) else []
    head = _last(phases.train_head(*of_head, with_rate(stage.head, sweep), train, device))
    of_all = (pixels, subsets, head)
    sweep = phases.sweep_all_layers(*of_all, augmentation, train, finder, modes) if is_wanted(stage.fine_tune) else []
    return _last(phases.fine_tune(*of_all, with_rate(stage.fine_tune, sweep), augmentation, train, modes))


def _last(made: Iterator[Made]) -> Made:
    *_, last = made
    return last
