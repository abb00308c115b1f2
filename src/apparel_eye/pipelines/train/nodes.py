"""From photos and folds to checkpoints. The library is imported when a node runs, so that listing needs no torch."""

import logging
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.array_part import ArrayPart
from apparel_eye.attributes import is_length
from apparel_eye.checkpoint import Checkpoint
from apparel_eye.parameters import PhaseParameters, PhotoParameters, ResizeMode, StageParameters, TrainParameters
from apparel_eye.raw_folder import RawFolder
from apparel_eye.schemas import Epochs, Rates
from apparel_eye.subsets import make_subsets

logger = logging.getLogger(__name__)

Weights = dict[str, NDArray[Any]]
Pixels = NDArray[np.uint8]
# Kedro makes the models of a stage with those of `train`; an annotation with the class would have it made twice
Stage = TypeVar("Stage", bound=StageParameters)


def fetch_backbone(train: TrainParameters) -> Weights:
    """The weights that training starts from, under the names they have in a classifier."""
    from apparel_eye.vision.backbones import pretrained_weights
    from apparel_eye.vision.classifier import with_prefix

    weights = pretrained_weights(train.backbone, train.pretrained, train.seed)
    return with_prefix(weights)


def choose_precisions(backbone_weights: Weights, train: TrainParameters) -> dict[str, str]:
    """What this machine is faster with; kept, so that a run that goes on computes as it began."""
    from apparel_eye.vision.classifier import without_prefix
    from apparel_eye.vision.device import fastest_precisions

    if train.precision == "auto":
        return fastest_precisions(train.backbone, without_prefix(backbone_weights))
    return {"predict": train.precision, "train": train.precision}


def resize_photos(
    photos: RawFolder, manifest: pd.DataFrame, limits: PhotoParameters, resize: ResizeMode, stage: Stage
) -> Iterator[ArrayPart]:
    """All photos of the manifest at the stage's size, in its order."""
    from apparel_eye.vision.pixels import decode_manifest

    yield from decode_manifest(photos, manifest, stage.size, resize, limits)


def compute_features(
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    initial: Weights | Checkpoint,
    precisions: dict[str, str],
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> Iterator[ArrayPart]:
    """What the frozen backbone gives the head: drawn views of training photos, plain validation photos."""
    from apparel_eye.vision import stage as training
    from apparel_eye.vision.classifier import describe, start

    subsets = make_subsets(manifest, folds, values)
    description = describe(train, category, values, pixels.shape[1:3], subsets.present)
    model = start(description, _weights(initial), train.seed)
    augmentation = train.augmentation.for_category(is_length(category))
    yield from training.compute_features(
        pixels, subsets, model, stage.num_views, augmentation, train, precisions["predict"]
    )


def find_head_rate(
    features: NDArray[np.float16],
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    initial: Weights | Checkpoint,
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> pd.DataFrame:
    """How the loss of the head answers to the learning rate; nothing where the rate is given."""
    from apparel_eye.vision.classifier import describe
    from apparel_eye.vision.stage import sweep_head

    if not _is_wanted(stage.head):
        return _rates([])
    subsets = make_subsets(manifest, folds, values)
    description = describe(train, category, values, pixels.shape[1:3], subsets.present)
    return _rates(sweep_head(features, subsets, description, _weights(initial), stage.head, train))


def train_head(
    features: NDArray[np.float16],
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    initial: Weights | Checkpoint,
    head_rates: pd.DataFrame,
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> Iterator[tuple[Checkpoint, pd.DataFrame]]:
    """Train the head with the backbone frozen; yield checkpoint and history so far after each cycle."""
    from apparel_eye.vision import stage as training
    from apparel_eye.vision.classifier import describe

    subsets = make_subsets(manifest, folds, values)
    description = describe(train, category, values, pixels.shape[1:3], subsets.present)
    phase = _with_rate(stage.head, head_rates)
    for checkpoint, history in training.train_head(features, subsets, description, _weights(initial), phase, train):
        yield checkpoint, _table(history)


def find_rate(
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    head_checkpoint: Checkpoint,
    precisions: dict[str, str],
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> pd.DataFrame:
    """How the loss of all layers answers to the learning rate; nothing where the rate is given."""
    from apparel_eye.vision.stage import sweep_all_layers

    if not _is_wanted(stage.all):
        return _rates([])
    subsets = make_subsets(manifest, folds, values)
    augmentation = train.augmentation.for_category(is_length(category))
    return _rates(sweep_all_layers(pixels, subsets, head_checkpoint, stage.all, augmentation, train, precisions))


def fine_tune(
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    head_checkpoint: Checkpoint,
    all_rates: pd.DataFrame,
    precisions: dict[str, str],
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> Iterator[tuple[Checkpoint, pd.DataFrame]]:
    """Train all layers; yield checkpoint and history so far after each epoch."""
    from apparel_eye.vision import stage as training

    subsets = make_subsets(manifest, folds, values)
    augmentation = train.augmentation.for_category(is_length(category))
    phase = _with_rate(stage.all, all_rates)
    for checkpoint, history in training.fine_tune(
        pixels, subsets, head_checkpoint, phase, augmentation, train, precisions
    ):
        yield checkpoint, _table(history)


def draw_rates(head_rates: pd.DataFrame, all_rates: pd.DataFrame) -> Figure:
    """The curves of the learning-rate finder."""
    from apparel_eye.figures import rate_curves
    from apparel_eye.vision.rate_finder import suggest_rate

    sweeps = {"head": head_rates, "all layers": all_rates}
    suggested = {name: suggest_rate(sweep.to_dict("records")) for name, sweep in sweeps.items() if len(sweep)}
    return rate_curves(sweeps, suggested)


def join_phases(head_history: pd.DataFrame, all_history: pd.DataFrame) -> pd.DataFrame:
    """The epochs of a stage, in the order in which they ran."""
    return pd.concat([head_history.assign(phase="head"), all_history.assign(phase="all")], ignore_index=True)


def join_stages(**histories: pd.DataFrame) -> pd.DataFrame:
    """The epochs of all stages, given by name in the order in which they ran."""
    return pd.concat([table.assign(stage=stage) for stage, table in histories.items()], ignore_index=True)


def draw_curves(history: pd.DataFrame) -> Figure:
    """Loss, scores and learning rate of each epoch."""
    from apparel_eye.figures import curves

    return curves(history)


def _is_wanted(phase: PhaseParameters) -> bool:
    return phase.learning_rate == "auto" and phase.epochs > 0


def _with_rate(phase: PhaseParameters, rates: pd.DataFrame) -> PhaseParameters:
    """The phase with the suggested rate in the place of ``auto``."""
    from apparel_eye.vision.rate_finder import suggest_rate

    if not _is_wanted(phase):
        return phase
    rate = suggest_rate(rates.to_dict("records"))
    logger.info("    learning rate %.1e: a tenth of where the loss was lowest", rate)
    return phase.model_copy(update={"learning_rate": rate})


def _rates(rows: list[dict[str, float]]) -> pd.DataFrame:
    columns = list(Rates.to_schema().columns)
    return pd.DataFrame(rows, columns=columns).astype("float64").astype({"step": "int64"})


def _weights(initial: Weights | Checkpoint) -> Weights:
    return dict(initial.of("best")) if isinstance(initial, Checkpoint) else initial


def _table(history: list[dict[str, float]]) -> pd.DataFrame:
    columns = list(Epochs.to_schema().columns)
    return pd.DataFrame(history, columns=columns).astype("float64").astype({"epoch": "int64", "cycle": "int64"})
