"""From photos and subsets to checkpoints. The library is imported when a node runs, so that listing needs no torch."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.attributes import is_length
from apparel_eye.chunks import ArrayChunk
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Subsets
from apparel_eye.networks.checkpoint import Checkpoint, Modes, Weights
from apparel_eye.parameters import (
    Augmentation,
    ComputingParameters,
    FeatureParameters,
    Finder,
    Optimizer,
    Phase,
    PhotoParameters,
    ResizeMode,
    TrainParameters,
)
from apparel_eye.selection.tables import history_table, rates_table


def fetch_backbone(
    backbone: str,
    pretrained: str,
    seed: int,
    accept_non_commercial: bool,
    optimizer: Optimizer,
    **sizes: tuple[int, int] | int,
) -> Weights:
    """The weights that training starts from, under the names they have in a classifier.

    ``sizes`` are those of the stages; they and the optimizer are refused before anything is fetched.
    """
    from apparel_eye.networks.classifier import with_prefix
    from apparel_eye.networks.pretrained import pretrained_weights
    from apparel_eye.networks.sizes import check_size
    from apparel_eye.training import optimizers

    optimizers.check(optimizer)
    for name, size in sizes.items():
        check_size(backbone, size, f"train.stages.{name}.size")
    return with_prefix(pretrained_weights(backbone, pretrained, seed, accept_non_commercial))


def choose_modes(backbone_weights: Weights, **computing: Any) -> Modes:
    """What this machine is faster with; kept, so that a run that goes on computes as it began.

    ``computing`` are the fields of ``ComputingParameters``.
    """
    from apparel_eye.networks.classifier import without_prefix
    from apparel_eye.networks.device import modes

    found = modes(ComputingParameters(**computing), without_prefix(backbone_weights))
    return {name: asdict(mode) for name, mode in found.items()}


def resize_photos(
    photos: RawFolder,
    manifest: pd.DataFrame,
    limits: PhotoParameters,
    resize: ResizeMode,
    backbone: str,
    size: tuple[int, int] | int,
) -> Iterator[ArrayChunk]:
    """All photos of the manifest at the stage's size, in its order."""
    from apparel_eye.data.pixels import decode_manifest
    from apparel_eye.networks.sizes import multiple_of

    yield from decode_manifest(photos, manifest, size, resize, limits, multiple_of(backbone))


def compute_features(
    pixels: Pixels,
    subsets: Subsets,
    initial: Weights | Checkpoint,
    modes: Modes,
    augmentation: Augmentation,
    num_views: int,
    category: str,
    **features: Any,
) -> Iterator[ArrayChunk]:
    """What the frozen backbone gives the head: drawn views of training photos, plain validation photos.

    ``features`` are the fields of ``FeatureParameters``.
    """
    from apparel_eye.networks.classifier import describe, start
    from apparel_eye.networks.device import Mode
    from apparel_eye.training import features as cached

    parameters = FeatureParameters(**features)
    description = describe(parameters, category, subsets.values, pixels.shape[1:3], subsets.seen_values)
    model = start(description, initial, parameters.seed)
    drawn = augmentation.for_category(is_length(category))
    yield from cached.compute_features(pixels, subsets, model, num_views, drawn, parameters, Mode(**modes["predict"]))


def find_head_rate(
    features: NDArray[np.float16],
    pixels: Pixels,
    subsets: Subsets,
    initial: Weights | Checkpoint,
    modes: Modes,
    train: TrainParameters,
    finder: Finder,
    phase: Phase,
    category: str,
) -> pd.DataFrame:
    """How the loss of the head answers to the learning rate; nothing where the rate is given."""
    from apparel_eye.networks.classifier import describe
    from apparel_eye.training.phases import sweep_head
    from apparel_eye.training.rate_finder import is_wanted

    if not is_wanted(phase):
        return rates_table([])
    description = describe(train, category, subsets.values, pixels.shape[1:3], subsets.seen_values)
    device = modes["train"]["device"]
    return rates_table(sweep_head(features, subsets, description, initial, train, finder, device))


def train_head(
    features: NDArray[np.float16],
    pixels: Pixels,
    subsets: Subsets,
    initial: Weights | Checkpoint,
    head_rates: pd.DataFrame,
    head_resume_from: Checkpoint,
    modes: Modes,
    train: TrainParameters,
    phase: Phase,
    category: str,
) -> Iterator[Checkpoint]:
    """Train the head with the backbone frozen; yield the checkpoint so far."""
    from apparel_eye.networks.classifier import describe
    from apparel_eye.training import phases
    from apparel_eye.training.history import announce
    from apparel_eye.training.rate_finder import with_rate

    description = describe(train, category, subsets.values, pixels.shape[1:3], subsets.seen_values)
    found = with_rate(phase, head_rates.to_dict("records"))
    announce("the head", pixels.shape[1:3], found)
    device = modes["train"]["device"]
    yield from phases.train_head(features, subsets, description, initial, found, train, device, head_resume_from)


def find_rate(
    pixels: Pixels,
    subsets: Subsets,
    head_checkpoint: Checkpoint,
    modes: Modes,
    train: TrainParameters,
    augmentation: Augmentation,
    finder: Finder,
    phase: Phase,
    category: str,
) -> pd.DataFrame:
    """How the loss of all layers answers to the learning rate; nothing where the rate is given."""
    from apparel_eye.networks.device import Mode
    from apparel_eye.training.phases import sweep_all_layers
    from apparel_eye.training.rate_finder import is_wanted

    if not is_wanted(phase):
        return rates_table([])
    drawn = augmentation.for_category(is_length(category))
    how = {name: Mode(**mode) for name, mode in modes.items()}
    return rates_table(sweep_all_layers(pixels, subsets, head_checkpoint, drawn, train, finder, how))


def fine_tune(
    pixels: Pixels,
    subsets: Subsets,
    head_checkpoint: Checkpoint,
    fine_tune_rates: pd.DataFrame,
    fine_tune_resume_from: Checkpoint,
    modes: Modes,
    train: TrainParameters,
    augmentation: Augmentation,
    phase: Phase,
    category: str,
) -> Iterator[Checkpoint]:
    """Train all layers; yield the checkpoint so far."""
    from apparel_eye.networks.device import Mode
    from apparel_eye.training.history import announce
    from apparel_eye.training.phases import fine_tune as all_layers
    from apparel_eye.training.processes import in_processes
    from apparel_eye.training.rate_finder import with_rate

    drawn = augmentation.for_category(is_length(category))
    found = with_rate(phase, fine_tune_rates.to_dict("records"))
    announce("all layers", pixels.shape[1:3], found)
    how = {name: Mode(**mode) for name, mode in modes.items()}
    yield from in_processes(
        train.processes,
        all_layers,
        pixels,
        subsets,
        head_checkpoint,
        found,
        drawn,
        train,
        how,
        fine_tune_resume_from,
    )


def join_phases(head_checkpoint: Checkpoint, checkpoint: Checkpoint, factors: tuple[float, ...]) -> pd.DataFrame:
    """The epochs of a stage, in the order in which they ran."""
    return history_table({"head": head_checkpoint.history, "fine_tune": checkpoint.history}, len(factors))


def join_stages(**histories: pd.DataFrame) -> pd.DataFrame:
    """The epochs of all stages, given by name in the order in which they ran."""
    return pd.concat([table.assign(stage=stage) for stage, table in histories.items()], ignore_index=True)
