"""From photos and a network to feature maps on disk."""

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.activations.index import ALL, NONE, check_index
from apparel_eye.attributes import is_length
from apparel_eye.chunks import ArrayChunk
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.subsets import Subsets
from apparel_eye.errors import UsageError
from apparel_eye.networks.checkpoint import Checkpoint, Modes, Weights
from apparel_eye.parameters import (
    ActivationsParameters,
    Augmentation,
    Finder,
    PhotoParameters,
    ResizeMode,
    Stages,
    TrainParameters,
)

logger = logging.getLogger(__name__)


def resize_photos(
    photos: RawFolder,
    manifest: pd.DataFrame,
    limits: PhotoParameters,
    resize: ResizeMode,
    backbone: str,
    size: tuple[int, int] | int,
) -> Iterator[ArrayChunk]:
    """All photos of the manifest at the size for activations, in its order."""
    from apparel_eye.data.pixels import decode_manifest
    from apparel_eye.networks.sizes import check_size, multiple_of

    check_size(backbone, size, "activations.size")
    yield from decode_manifest(photos, manifest, size, resize, limits, multiple_of(backbone))


def choose_networks(
    backbone_weights: Weights,
    checkpoint: Checkpoint,
    subsets: Subsets,
    modes: Modes,
    source: str,
    held_out: int,
    augmentation: Augmentation,
    train: TrainParameters,
    stages: Stages,
    finder: Finder,
    category: str,
    **pixels: NDArray[np.uint8],
) -> tuple[Weights, NDArray[np.intp]]:
    """Networks whose activations heads are fitted on, ``<number>/<name>``, and which of them may see each photo.

    ``pixels`` are the photos at the size of each stage.
    """
    from apparel_eye.networks.classifier import without_prefix
    from apparel_eye.networks.device import Mode
    from apparel_eye.training.out_of_fold import train_fold_networks

    network_of, networks = np.full(len(subsets.table), ALL), list[Weights]()
    if source == "backbone":
        networks.append(without_prefix(backbone_weights))
    elif source == "checkpoint":
        logger.warning(
            "Heads are fitted on activations of a network that was trained on the same photos, for comparison only: to "
            "them photos look easier than new ones. With activations.source=backbone or folds, no network has seen them"
        )
        networks.append(without_prefix(checkpoint.of("best")))
    else:
        fold_of = subsets.train_folds
        numbers = np.unique(fold_of)
        if source == "folds":
            left_out = list(numbers[:, None])
            network_of[subsets.train] = np.searchsorted(numbers, fold_of)
        else:
            left_out = [_held_out(numbers, held_out)]
            network_of[subsets.train[~np.isin(fold_of, left_out[0])]] = NONE
        how = {name: Mode(**mode) for name, mode in modes.items()}
        networks += list(
            train_fold_networks(
                *(pixels, subsets, left_out, backbone_weights, category),
                *(augmentation.for_category(is_length(category)), train, stages, finder, how),
            )
        )
    named = {f"{number}/{name}": array for number, weights in enumerate(networks) for name, array in weights.items()}
    return named, network_of


def extract_activations(
    pixels: NDArray[np.uint8],
    photos: pd.DataFrame,
    num_done: int,
    networks: Weights,
    network_of: NDArray[np.intp],
    modes: Modes,
    activations: ActivationsParameters,
    augmentation: Augmentation,
    backbone: str,
    category: str,
) -> Iterator[ArrayChunk]:
    """Feature maps of the networks that may see each photo; rows as in the manifest."""
    from apparel_eye.activations.extract import extract, extractors_of
    from apparel_eye.networks.device import Mode
    from apparel_eye.networks.inference import identity_of

    size = (pixels.shape[1], pixels.shape[2])
    of_category = augmentation.for_category(is_length(category))
    extractors = extractors_of(networks, backbone, size, activations, of_category, Mode(**modes["predict"]))
    identities = photos["sha256"].map(identity_of).to_numpy(dtype=np.uint64)
    yield from extract(pixels, identities, network_of, extractors, activations.batch_size, num_done)


def index_activations(photos: pd.DataFrame, activations: NDArray[np.float16]) -> pd.DataFrame:
    """The photo of each row, written once all of them are there."""
    check_index(photos, photos, activations)
    return photos


def _held_out(numbers: NDArray[np.intp], held_out: int) -> NDArray[np.intp]:
    if held_out >= len(numbers):
        raise UsageError(
            f"activations.held_out is {held_out}, but {len(numbers)} folds train, of which some must be left for the "
            f"network; give 1 to {len(numbers) - 1}"
        )
    return numbers[:held_out]
