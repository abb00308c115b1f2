"""Which photo each row of the activations is of, and which network may see it."""

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from apparel_eye.errors import DataError

ALL = -1
"""Instead of a network's number: each may see the photo, none was trained on it."""
NONE = -2
"""No network may see it: heads are not fitted on it."""

_COLUMNS = ["image_key", "sha256"]
_REMEDY = "run them again: kedro run --pipeline=activations"


def index_of(manifest: pd.DataFrame) -> pd.DataFrame:
    """The photos of a manifest in its order, see ``schemas.ActivationsIndex``.

    Without their labels, so that a label that is changed does not have activations computed again.
    """
    return manifest[_COLUMNS].reset_index(drop=True)


def check_index(index: pd.DataFrame, manifest: pd.DataFrame, activations: NDArray[Any]) -> None:
    """Refuse activations that are not those of a manifest's photos, in its order.

    Args:
        index: of the activations.
        manifest: whose photos are asked for.
        activations: shape (photos, ...).

    Raises:
        DataError: with the counts, or the first photo that differs.
    """
    if len(index) != len(activations):
        raise DataError(
            f"the activations have {len(activations)} rows, but their index has {len(index)} photos, so it is of "
            f"others; {_REMEDY}"
        )
    asked = index_of(manifest)
    num_both = min(len(index), len(asked))
    differs = (index[_COLUMNS].iloc[:num_both].to_numpy() != asked.iloc[:num_both].to_numpy()).any(axis=1)
    if not differs.any() and len(index) == len(asked):
        return
    first = int(differs.argmax()) if differs.any() else num_both
    found, expected = (_photo(table, first) for table in (index, asked))
    raise DataError(
        f"the activations are of {len(index)} photos, the manifest has {len(asked)}; row {first} is of {found}, but "
        f"the manifest has {expected}; {_REMEDY}"
    )


def _photo(table: pd.DataFrame, row: int) -> str:
    if row >= len(table):
        return "no photo"
    key, checksum = table[_COLUMNS].iloc[row]
    return f"{key} (SHA-256 {checksum[:12]}...)"
