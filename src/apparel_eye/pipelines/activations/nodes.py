"""From photos and a network to feature maps on disk."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.array_part import ArrayPart
from apparel_eye.parameters import ActivationsParameters, PhotoParameters, ResizeMode
from apparel_eye.raw_folder import RawFolder


def resize_photos(
    photos: RawFolder,
    manifest: pd.DataFrame,
    limits: PhotoParameters,
    resize: ResizeMode,
    backbone: str,
    activations: ActivationsParameters,
) -> Iterator[ArrayPart]:
    """All photos of the manifest at the size for activations, in its order."""
    from apparel_eye.vision.pixels import decode_manifest
    from apparel_eye.vision.sizes import check_size

    check_size(backbone, activations.size, "activations.size")
    yield from decode_manifest(photos, manifest, activations.size, resize, limits, backbone)


def extract_activations(
    pixels: NDArray[np.uint8],
    backbone_weights: dict[str, NDArray[Any]],
    modes: dict[str, dict[str, str]],
    activations: ActivationsParameters,
    backbone: str,
) -> Iterator[ArrayPart]:
    """Last feature maps of the pretrained backbone, which has seen none of the photos; rows as in the manifest."""
    from apparel_eye.vision.activations import extract
    from apparel_eye.vision.classifier import without_prefix
    from apparel_eye.vision.device import Mode

    weights = without_prefix(backbone_weights)
    yield from extract(pixels, backbone, weights, activations.views, activations.batch_size, Mode(**modes["predict"]))


def pool_activations(activations: NDArray[np.float16]) -> Iterator[ArrayPart]:
    """Their averages over the width: the columns that heads are fitted on."""
    from apparel_eye.boosting.pooling import rows

    yield from rows(activations)
