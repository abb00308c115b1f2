"""What is known of a photo once it has been read."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from apparel_eye.data.duplicates.thumbnails import SIDE, thumbnail
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.reading.photos import PhotoError, read_photo
from apparel_eye.parameters import PhotoParameters

Records = NDArray[np.void]
Thumbnails = NDArray[np.uint8]

RECORD = np.dtype(
    [
        ("identity", "u8"),  # of path, size, time of the last change, limits and the code that read it
        ("thumbnail_hash", "u8"),  # of the thumbnail
        ("sha256", "S64"),
        ("width", "i8"),
        ("height", "i8"),
        ("reason", "S24"),  # empty: the photo can be used
        ("message", "S240"),
        ("fixes", "S96"),  # joined by ", "
    ]
)
"""Texts are UTF-8."""


def scan_photo(
    folder: RawFolder, keys: NDArray[np.object_], problems: NDArray[np.object_], identities: NDArray[np.uint64],
    limits: PhotoParameters,
) -> tuple[Records, Thumbnails]:  # fmt: skip
    """Records and thumbnails of some photos; other processes run this, so nothing large is imported here."""
    records, thumbnails = np.zeros(len(keys), RECORD), np.zeros((len(keys), SIDE, SIDE), np.uint8)
    for record, pixels, key, problem, identity in zip(records, thumbnails, keys, problems, identities, strict=True):
        record["identity"] = identity
        _scan_file(folder, key, problem, limits, record, pixels)
    records["thumbnail_hash"] = hashes_of(thumbnails)
    return records, thumbnails


def _scan_file(
    folder: RawFolder, key: str, problem: str, limits: PhotoParameters, record: np.void, pixels: Thumbnails
) -> None:
    """Fill in a record and a thumbnail."""
    if problem:
        record["reason"] = problem.encode()
        return
    try:
        data = folder.read(key)
        record["sha256"] = hashlib.sha256(data).hexdigest()
        photo = read_photo(data, limits, at_least=2 * SIDE)
    except OSError as error:
        record["reason"] = b"permission" if isinstance(error, PermissionError) else b"unreadable file"
        record["message"] = (error.strerror or str(error)).encode()
    except PhotoError as error:
        record["reason"], record["message"] = error.reason.encode(), str(error).encode()
    else:
        record["width"], record["height"], record["fixes"] = photo.width, photo.height, ", ".join(photo.fixes).encode()
        pixels[:] = thumbnail(photo.image)


def texts(records: Records, field: str) -> list[str]:
    """A text field of all records."""
    return [text.decode("utf-8", "replace") for text in records[field].tolist()]


def hashes_of(thumbnails: Thumbnails) -> NDArray[np.uint64]:
    """A hash of each thumbnail, shape (N,), that changes with any of its pixels."""
    words = np.ascontiguousarray(thumbnails).reshape(len(thumbnails), SIDE * SIDE).view(np.uint64)
    odd = np.random.default_rng(0).integers(0, 2**63, words.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed = words ^ (words >> np.uint64(32))  # of the upper half alone a product keeps next to nothing
    numbers: NDArray[np.uint64] = (mixed * odd).sum(axis=1, dtype=np.uint64)
    return numbers
