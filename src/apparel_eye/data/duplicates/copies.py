"""Which photos of a category are copies of each other."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.data.duplicates.pairs import Pairs, find_copies
from apparel_eye.data.record import Records, Thumbnails

_OF_A_PHOTO = ["image_key", "value", "role", "split"]


def find_duplicates(
    photos: pd.DataFrame, records: Records, thumbnails: Thumbnails, min_similarity: float
) -> pd.DataFrame:
    """Pairs of copies, see ``schemas.Duplicates``: identical files, then the most similar photos.

    Args:
        photos: of ``layouts.read_layout``.
        records: of the same photos, see ``record.RECORD``.
        thumbnails: likewise.
        min_similarity: of two thumbnails; 1 leaves identical files.
    """
    readable = np.flatnonzero(records["reason"] == b"")
    first, second = _identical(records["sha256"], readable)
    identical = Pairs(first, second, np.ones(len(first)), np.full(len(first), "upright"))
    compared = np.setdiff1d(readable, second) if min_similarity < 1 else readable[:0]
    near = find_copies(thumbnails, compared, min_similarity)
    tables = [_table(photos, pairs, kind) for kind, pairs in (("identical", identical), ("near", near))]
    return pd.concat(tables).sort_values(
        ["kind", "similarity", "first_image_key", "second_image_key"], ascending=[True, False, True, True],
        ignore_index=True,
    )  # fmt: skip


def _identical(checksums: NDArray[np.bytes_], readable: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first file of each content, and each further one."""
    _, first_place, content = np.unique(checksums[readable], return_index=True, return_inverse=True)
    first = readable[first_place[content]]
    again = first != readable
    return first[again], readable[again]


def _table(photos: pd.DataFrame, pairs: Pairs, kind: str) -> pd.DataFrame:
    sides = [
        photos[_OF_A_PHOTO].iloc[rows].add_prefix(prefix).reset_index(drop=True)
        for prefix, rows in (("first_", pairs.first), ("second_", pairs.second))
    ]
    about = pd.DataFrame({"kind": kind, "similarity": pairs.similarity, "orientation": pairs.orientation}, dtype=object)
    return pd.concat([about.astype({"similarity": float, "kind": str, "orientation": str}), *sides], axis=1)
