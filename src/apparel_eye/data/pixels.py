"""Photos of a stage's size, decoded once."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from apparel_eye.chunks import ArrayChunk
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.reading.photos import Pixels, in_threads, read_photo, resize_photo
from apparel_eye.data.sizes import stage_size
from apparel_eye.errors import DataError
from apparel_eye.parameters import PhotoParameters, ResizeMode

_CHUNK = 256
"""Photos held in memory at a time."""


def decode_manifest(
    photos: RawFolder,
    manifest: pd.DataFrame,
    size: tuple[int, int] | int,
    mode: ResizeMode,
    limits: PhotoParameters,
    multiple: int,
) -> Iterator[ArrayChunk]:
    """All photos of a manifest in its order, see ``decode``.

    An area as size takes their median side ratio, in multiples of what the backbone needs (``stage_size``).
    """
    height_and_width = stage_size(size, manifest["height"].tolist(), manifest["width"].tolist(), multiple)
    yield from decode(
        photos, manifest["image_key"].tolist(), manifest["sha256"].tolist(), height_and_width, mode, limits
    )


def decode(
    photos: RawFolder,
    keys: Sequence[str],
    checksums: Sequence[str],
    size: tuple[int, int],
    mode: ResizeMode,
    limits: PhotoParameters,
) -> Iterator[ArrayChunk]:
    """Photos as uint8 of shape (N, height, width, 3), in parts.

    Raises:
        DataError: a photo is not what it was when it was ingested.
    """

    def pixels_of(key_and_checksum: tuple[str, str]) -> Pixels:
        return resize_photo(_unchanged(photos, *key_and_checksum, limits), size, mode)

    held: list[Pixels] = []
    with tqdm(total=len(keys), desc=f"resize to {size[0]} x {size[1]}", unit="photo", disable=None) as bar:
        for position, pixels in enumerate(in_threads(pixels_of, zip(keys, checksums, strict=True)), start=1):
            held.append(pixels)
            bar.update()
            if len(held) == _CHUNK or position == len(keys):
                yield ArrayChunk(position - len(held), len(keys), np.stack(held))
                held = []


def _unchanged(photos: RawFolder, key: str, checksum: str, limits: PhotoParameters) -> Image.Image:
    try:
        data = photos.read(key)
    except OSError as error:
        raise DataError(f"{key} can no longer be read ({error.strerror}); run again to scan the folder anew") from error
    if hashlib.sha256(data).hexdigest() != checksum:
        raise DataError(f"{key} has changed since it was scanned; run again when nothing writes to the raw folder")
    return read_photo(data, limits).image
