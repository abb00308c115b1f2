"""Looking into every photo once: a record and a thumbnail each; what has not changed since is not read again."""

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye.chunks import ArrayChunk
from apparel_eye.data import reading
from apparel_eye.data.duplicates import thumbnails
from apparel_eye.data.duplicates.thumbnails import SIDE
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.record import RECORD, Records, Thumbnails, hashes_of, scan_photo
from apparel_eye.parameters import PhotoParameters

logger = logging.getLogger(__name__)

_CHUNK = 64
"""Photos that a process gets at a time."""
_PART = 2048
"""Photos held in memory at a time."""
_WORTH_A_PROCESS = 256
"""Photos; starting another process for fewer takes longer than it saves."""


def scan_photos(
    photos: pd.DataFrame, folder: RawFolder, known: Records, known_thumbnails: Thumbnails, limits: PhotoParameters
) -> Iterator[tuple[ArrayChunk, ArrayChunk]]:
    """A record and a thumbnail of each photo, in parts; no rows if all would be as it is known.

    See ``record.RECORD`` and ``thumbnails``.

    Args:
        photos: with ``image_key``, ``size``, ``modified`` and ``problem`` of ``layouts.COLUMNS``.
        folder: where they lie.
        known: records of an earlier scan, in any order; shape (0,) if there was none.
        known_thumbnails: the thumbnails of these, shape (known, side, side).
        limits: what a photo must be like.
    """
    if known.dtype != RECORD or known_thumbnails.shape[1:] != (SIDE, SIDE):  # of another version, or nothing
        known, known_thumbnails = np.zeros(0, RECORD), np.zeros((0, SIDE, SIDE), np.uint8)
    identities = _identities(photos, limits)
    place = _places(identities, known, known_thumbnails)
    changed = np.flatnonzero(place < 0)
    logger.info("%s of %s photos are new or have changed; they are read", f"{len(changed):,}", f"{len(photos):,}")
    if len(known) and len(known) == len(known_thumbnails) and np.array_equal(place, np.arange(len(known))):
        yield ArrayChunk(len(known), len(known), known[:0]), ArrayChunk(len(known), len(known), known_thumbnails[:0])
        return
    keys, problems = photos["image_key"].to_numpy(), photos["problem"].to_numpy()
    with tqdm(total=len(changed), desc="scan", unit="photo", disable=None) as bar:
        fresh = _read(folder, limits, keys[changed], problems[changed], identities[changed])
        waiting: list[tuple[Records, Thumbnails]] = []
        for first in range(0, max(len(photos), 1), _PART):
            of_part = place[first : first + _PART]
            records, pixels = np.zeros(len(of_part), RECORD), np.zeros((len(of_part), SIDE, SIDE), np.uint8)
            kept = of_part >= 0
            records[kept], pixels[kept] = known[of_part[kept]], known_thumbnails[of_part[kept]]
            records[~kept], pixels[~kept] = _take(int((~kept).sum()), fresh, waiting, bar)
            yield ArrayChunk(first, len(photos), records), ArrayChunk(first, len(photos), pixels)


def _identities(photos: pd.DataFrame, limits: PhotoParameters) -> NDArray[np.uint64]:
    """Changes with a photo's path, size or time, with the limits and with the code that reads photos."""
    digest = hashlib.blake2b(limits.model_dump_json().encode())
    for module in [*sorted(Path(reading.__path__[0]).glob("*.py")), Path(thumbnails.__file__)]:
        digest.update(module.read_bytes())
    columns = photos[["image_key", "size", "modified", "problem"]]
    numbers = np.asarray(pd.util.hash_pandas_object(columns, index=False), dtype=np.uint64)
    own: NDArray[np.uint64] = np.frombuffer(digest.digest()[:8], dtype=np.uint64)
    return np.bitwise_xor(numbers, own)


def _places(identities: NDArray[np.uint64], known: Records, known_thumbnails: Thumbnails) -> NDArray[np.intp]:
    """The row of each photo among the known ones whose thumbnail is the one that was recorded, else -1."""
    if not len(known):
        return np.full(len(identities), -1)
    order = np.argsort(known["identity"], kind="stable")
    sorted_identities = known["identity"][order]
    found = np.searchsorted(sorted_identities, identities).clip(max=len(known) - 1)
    place = np.where(sorted_identities[found] == identities, order[found], -1)
    place[place >= len(known_thumbnails)] = -1
    for first in range(0, len(place), _PART):
        part = place[first : first + _PART]
        kept = np.flatnonzero(part >= 0)
        foreign = hashes_of(known_thumbnails[part[kept]]) != known["thumbnail_hash"][part[kept]]
        part[kept[foreign]] = -1  # a run was killed after it had written one file and before the other
    return place


def _take(
    count: int, fresh: Iterator[tuple[Records, Thumbnails]], waiting: list[tuple[Records, Thumbnails]], bar: Any
) -> tuple[Records, Thumbnails]:
    """The next photos of what was read; chunks do not end where parts do."""
    while sum(len(records) for records, _ in waiting) < count:
        waiting.append(next(fresh))
        bar.update(len(waiting[-1][0]))
    records = np.concatenate([np.zeros(0, RECORD), *(chunk[0] for chunk in waiting)])
    pixels = np.concatenate([np.zeros((0, SIDE, SIDE), np.uint8), *(chunk[1] for chunk in waiting)])
    waiting[:] = [(records[count:], pixels[count:])]
    return records[:count], pixels[:count]


def _read(
    folder: RawFolder, limits: PhotoParameters, keys: NDArray[np.object_], problems: NDArray[np.object_],
    identities: NDArray[np.uint64],
) -> Iterator[tuple[Records, Thumbnails]]:  # fmt: skip
    """Chunks in order, read by all cores."""
    light = RawFolder(folder.root, (), follow_links=folder.follow_links)
    processes = min(os.cpu_count() or 1, 1 + len(keys) // _WORTH_A_PROCESS)
    chunks = (
        delayed(scan_photo)(light, keys[first : first + _CHUNK], problems[first : first + _CHUNK],
                       identities[first : first + _CHUNK], limits)
        for first in range(0, len(keys), _CHUNK)
    )  # fmt: skip
    return iter(Parallel(n_jobs=processes, return_as="generator", pre_dispatch="4*n_jobs", batch_size=1)(chunks))
