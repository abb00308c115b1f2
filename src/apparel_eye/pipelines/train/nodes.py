"""From photos and folds to checkpoints. The library is imported when a node runs, so that listing needs no torch."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TypeVar

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.attributes import is_length
from apparel_eye.chunks import ArrayChunk
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import make_subsets
from apparel_eye.networks.checkpoint import Checkpoint, Modes, Weights
from apparel_eye.parameters import STAGES, PhotoParameters, ResizeMode, StageParameters, TrainParameters
from apparel_eye.selection.tables import history_table, rates_table

# Kedro makes the models of a stage with those of `train`; an annotation with the class would have it made twice
Stage = TypeVar("Stage", bound=StageParameters)
_EXAMPLES, _VIEWS = 16, 4


def fetch_backbone(train: TrainParameters) -> Weights:
    """The weights that training starts from, under the names they have in a classifier."""
    from apparel_eye.networks.classifier import with_prefix
    from apparel_eye.networks.pretrained import pretrained_weights
    from apparel_eye.networks.sizes import check_size

    for name in STAGES:
        check_size(train.backbone, getattr(train.stages, name).size, f"train.stages.{name}.size")
    weights = pretrained_weights(train.backbone, train.pretrained, train.seed, train.accept_non_commercial)
    return with_prefix(weights)


def choose_modes(backbone_weights: Weights, train: TrainParameters) -> Modes:
    """What this machine is faster with; kept, so that a run that goes on computes as it began."""
    from apparel_eye.networks.classifier import without_prefix
    from apparel_eye.networks.device import modes

    return {name: asdict(mode) for name, mode in modes(train, without_prefix(backbone_weights)).items()}


def resize_photos(
    photos: RawFolder,
    manifest: pd.DataFrame,
    limits: PhotoParameters,
    resize: ResizeMode,
    backbone: str,
    stage: Stage,
) -> Iterator[ArrayChunk]:
    """All photos of the manifest at the stage's size, in its order."""
    from apparel_eye.data.pixels import decode_manifest
    from apparel_eye.networks.sizes import multiple_of

    yield from decode_manifest(photos, manifest, stage.size, resize, limits, multiple_of(backbone))


def compute_features(
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    initial: Weights | Checkpoint,
    modes: Modes,
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> Iterator[ArrayChunk]:
    """What the frozen backbone gives the head: drawn views of training photos, plain validation photos."""
    from apparel_eye.networks.classifier import describe, start
    from apparel_eye.networks.device import Mode
    from apparel_eye.training import stage as training

    subsets = make_subsets(manifest, folds, values)
    description = describe(train, category, values, pixels.shape[1:3], subsets.seen_values)
    model = start(description, initial, train.seed)
    augmentation = train.augmentation.for_category(is_length(category))
    yield from training.compute_features(
        pixels, subsets, model, stage.num_views, augmentation, train, Mode(**modes["predict"])
    )


def find_head_rate(
    features: NDArray[np.float16],
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    initial: Weights | Checkpoint,
    modes: Modes,
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> pd.DataFrame:
    """How the loss of the head answers to the learning rate; nothing where the rate is given."""
    from apparel_eye.networks.classifier import describe
    from apparel_eye.training.rate_finder import is_wanted
    from apparel_eye.training.stage import sweep_head

    if not is_wanted(stage.head):
        return rates_table([])
    subsets = make_subsets(manifest, folds, values)
    description = describe(train, category, values, pixels.shape[1:3], subsets.seen_values)
    device = modes["train"]["device"]
    return rates_table(sweep_head(features, subsets, description, initial, train, device))


def train_head(
    features: NDArray[np.float16],
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    initial: Weights | Checkpoint,
    head_rates: pd.DataFrame,
    head_resume_from: Checkpoint,
    modes: Modes,
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> Iterator[Checkpoint]:
    """Train the head with the backbone frozen; yield the checkpoint so far."""
    from apparel_eye.networks.classifier import describe
    from apparel_eye.training import stage as training
    from apparel_eye.training.history import announce
    from apparel_eye.training.rate_finder import with_rate

    subsets = make_subsets(manifest, folds, values)
    description = describe(train, category, values, pixels.shape[1:3], subsets.seen_values)
    phase = with_rate(stage.head, head_rates.to_dict("records"))
    announce("the head", pixels.shape[1:3], phase)
    device = modes["train"]["device"]
    yield from training.train_head(features, subsets, description, initial, phase, train, device, head_resume_from)


def find_rate(
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    head_checkpoint: Checkpoint,
    modes: Modes,
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> pd.DataFrame:
    """How the loss of all layers answers to the learning rate; nothing where the rate is given."""
    from apparel_eye.networks.device import Mode
    from apparel_eye.training.rate_finder import is_wanted
    from apparel_eye.training.stage import sweep_all_layers

    if not is_wanted(stage.fine_tune):
        return rates_table([])
    subsets = make_subsets(manifest, folds, values)
    augmentation = train.augmentation.for_category(is_length(category))
    how = {name: Mode(**mode) for name, mode in modes.items()}
    return rates_table(sweep_all_layers(pixels, subsets, head_checkpoint, augmentation, train, how))


def fine_tune(
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    head_checkpoint: Checkpoint,
    fine_tune_rates: pd.DataFrame,
    fine_tune_resume_from: Checkpoint,
    modes: Modes,
    train: TrainParameters,
    stage: Stage,
    category: str,
) -> Iterator[Checkpoint]:
    """Train all layers; yield the checkpoint so far."""
    from apparel_eye.networks.device import Mode
    from apparel_eye.training.history import announce
    from apparel_eye.training.processes import in_processes
    from apparel_eye.training.rate_finder import with_rate
    from apparel_eye.training.stage import fine_tune as all_layers

    subsets = make_subsets(manifest, folds, values)
    augmentation = train.augmentation.for_category(is_length(category))
    phase = with_rate(stage.fine_tune, fine_tune_rates.to_dict("records"))
    announce("all layers", pixels.shape[1:3], phase)
    how = {name: Mode(**mode) for name, mode in modes.items()}
    yield from in_processes(
        train.processes,
        all_layers,
        pixels,
        subsets,
        head_checkpoint,
        phase,
        augmentation,
        train,
        how,
        fine_tune_resume_from,
    )


def draw_examples(
    pixels: Pixels,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    train: TrainParameters,
    category: str,
) -> Figure:
    """What training sees of some photos."""
    from apparel_eye.data.transforms import examples
    from apparel_eye.reports.sheets import gallery

    subsets = make_subsets(manifest, folds, values)
    augmentation = train.augmentation.for_category(is_length(category))
    rows = subsets.train[: _EXAMPLES // _VIEWS]
    seen = examples(pixels, rows, train.seed, _VIEWS, augmentation)
    titles = [
        f"{values[target]}, epoch {view + 1}" for target in subsets.train_targets[: len(rows)] for view in range(_VIEWS)
    ]
    return gallery(list(seen), titles, "no photo to train on", columns=2 * _VIEWS)


def draw_rates(head_rates: pd.DataFrame, fine_tune_rates: pd.DataFrame) -> Figure:
    """The curves of the learning-rate finder."""
    from apparel_eye.reports.figures import rate_curves
    from apparel_eye.training.rate_finder import suggest_rate

    sweeps = {"head": head_rates, "all layers": fine_tune_rates}
    suggested = {name: suggest_rate(sweep.to_dict("records")) for name, sweep in sweeps.items() if len(sweep)}
    return rate_curves(sweeps, suggested)


def join_phases(head_checkpoint: Checkpoint, checkpoint: Checkpoint, factors: tuple[float, ...]) -> pd.DataFrame:
    """The epochs of a stage, in the order in which they ran."""
    return history_table({"head": head_checkpoint.history, "fine_tune": checkpoint.history}, len(factors))


def join_stages(**histories: pd.DataFrame) -> pd.DataFrame:
    """The epochs of all stages, given by name in the order in which they ran."""
    return pd.concat([table.assign(stage=stage) for stage, table in histories.items()], ignore_index=True)


def draw_curves(history: pd.DataFrame) -> Figure:
    """Loss, scores and learning rate of each epoch."""
    from apparel_eye.reports.figures import curves

    return curves(history)
