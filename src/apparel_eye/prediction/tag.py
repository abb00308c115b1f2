"""A user's own photos, part after part: a row for every file, also for those that are no photos."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye import signals
from apparel_eye.chunks import TableChunk, slices
from apparel_eye.data.photo_sources import PhotoSource
from apparel_eye.data.raw_folder import RawFile
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.errors import DataError
from apparel_eye.metrics.official import Probabilities
from apparel_eye.parameters import PhotoParameters
from apparel_eye.prediction.recognizer import Recognizer

if TYPE_CHECKING:
    from PIL import Image

_FORMULA = "=+-@\t\r\n \u00a0"
"""First characters that spreadsheets act upon."""

_CHUNK = 256
"""Rows of a part; so many photos are predicted again after a kill, at most."""


@dataclass(frozen=True)
class _Read:
    """A photo that was read, or what is wrong with it."""

    pixels: tuple[Pixels, ...] | None = None
    identity: int = 0
    problem: str = ""


def tag(source: PhotoSource, recognizer: Recognizer, num_done: int = 0) -> Iterator[TableChunk]:
    """One row per file, see ``schemas.Predictions``; a photo's answer depends on nothing but its bytes.

    Args:
        source: the photos.
        recognizer: of a category.
        num_done: rows that an earlier run has written, from the first on; the last part is made in any case.

    Raises:
        DataError: there are no files.
        Interrupted: the run was asked to stop.
    """
    from apparel_eye.data.reading.photos import in_bursts, in_threads

    num_files = len(source.files)
    if not num_files:
        raise DataError(f"{source.root.absolute()} has no files; name photos with --params photos=FOLDER")
    first = min(num_done, num_files - 1) // _CHUNK * _CHUNK
    files = source.files[first:]
    batch_size = recognizer.about.infer.batch_size

    def read_file(file: RawFile) -> _Read:
        return _read(source, file, recognizer)

    # a processor that reads while it predicts keeps the network's threads waiting for each other
    bursts = (batch for chunk in slices(files, _CHUNK) for batch in slices(chunk, batch_size))
    on_processor = recognizer.mode.device == "cpu"
    read = in_bursts(read_file, bursts) if on_processor else in_threads(read_file, files, 2 * batch_size)
    with tqdm(total=num_files, initial=first, desc="photos", unit="photo", disable=None) as bar:
        for chunk in slices(files, _CHUNK):
            rows = list(_in_batches(chunk, read, recognizer, batch_size, bar))
            yield TableChunk(first, num_files, pd.concat(rows, ignore_index=True))
            first += len(chunk)


def tag_bytes(photos: Sequence[tuple[str, bytes]], recognizer: Recognizer) -> pd.DataFrame:
    """The same of photos in memory, given by name and bytes."""
    read = (_decoded(data, recognizer) for _, data in photos)
    files = [RawFile(name, len(data), 0) for name, data in photos]
    size = recognizer.about.infer.batch_size
    chunks = list(_in_batches(files, read, recognizer, size, None))
    return pd.concat(chunks, ignore_index=True) if chunks else _rows([], [], recognizer)


def with_photos(
    source: PhotoSource, rows: pd.DataFrame, limits: PhotoParameters
) -> tuple[pd.DataFrame, list["Image.Image"]]:
    """Those rows whose photo can still be read, and the photos."""
    from apparel_eye.data.reading.photos import PhotoError, read_photo

    kept, photos = [], []
    for position, row in enumerate(rows.itertuples(index=False)):
        if row.problem:
            continue
        with suppress(OSError, PhotoError):
            photos.append(read_photo(source.read(str(row.photo)), limits).image)
            kept.append(position)
    return rows.iloc[kept], photos


def _in_batches(
    files: Sequence[RawFile], read: Iterable[_Read], recognizer: Recognizer, batch_size: int, bar: Any
) -> Iterator[pd.DataFrame]:
    stream = iter(read)
    for batch in slices(files, batch_size):
        yield _rows(batch, list(islice(stream, len(batch))), recognizer)
        signals.stop()
        if bar is not None:
            bar.update(len(batch))


def _read(source: PhotoSource, file: RawFile, recognizer: Recognizer) -> _Read:
    if file.problem:
        return _Read(problem=file.problem)
    try:
        return _decoded(source.read(file.key), recognizer)
    except OSError as error:
        return _Read(problem=error.strerror or str(error))


def _decoded(data: bytes, recognizer: Recognizer) -> _Read:
    from apparel_eye.data.reading.photos import PhotoError, read_photo
    from apparel_eye.networks.inference import identity_of

    try:
        image = read_photo(data, recognizer.about.limits).image
    except PhotoError as error:
        return _Read(problem=str(error))
    return _Read(recognizer.pixels_of(image), identity_of(hashlib.sha256(data).hexdigest()))


def _rows(files: Sequence[RawFile], read: Sequence[_Read], recognizer: Recognizer) -> pd.DataFrame:
    values = np.array(recognizer.about.values)
    probabilities = np.full((len(files), len(values)), np.nan)
    pixels = [each.pixels for each in read if each.pixels is not None]
    readable = np.array([each.pixels is not None for each in read], dtype=bool)
    if pixels:
        identities = np.array([each.identity for each in read if each.pixels is not None], dtype=np.uint64)
        probabilities[readable] = recognizer.predict([np.stack(each) for each in zip(*pixels, strict=True)], identities)
    order = np.argsort(-probabilities, axis=1, kind="stable")  # NaN last
    value, confidence = _ranked(values, probabilities, order, 0)
    second_value, second_confidence = _ranked(values, probabilities, order, 1)
    threshold = recognizer.threshold
    table = {
        "photo": [_harmless(file.key) for file in files],
        "value": value,
        "confidence": confidence,
        "second_value": second_value,
        "second_confidence": second_confidence,
        "answered": readable & (confidence >= threshold) if threshold is not None else np.zeros(len(files), dtype=bool),
        "problem": [each.problem for each in read],
        "model": recognizer.version,
        # a prefix, since a user's value may be named like one of the other columns
        **{f"probability of {value}": column for value, column in zip(values, probabilities.T, strict=True)},
    }
    return pd.DataFrame(table)


def _ranked(
    values: NDArray[np.str_], probabilities: Probabilities, order: NDArray[np.intp], rank: int
) -> tuple[NDArray[np.object_], Probabilities]:
    """The value of that rank and its probability in each row, the likeliest at 0; "" and NaN where there is none."""
    if rank >= len(values):
        return np.full(len(probabilities), "", dtype=object), np.full(len(probabilities), np.nan)
    index = order[:, rank]
    found = probabilities[np.arange(len(index)), index]
    return np.where(np.isnan(found), "", values[index]).astype(object), found


def _harmless(key: str) -> str:
    """The same path, written so that no spreadsheet takes a name like ``=1+1.jpg`` for a formula."""
    return f"./{key}" if key[0] in _FORMULA else key
