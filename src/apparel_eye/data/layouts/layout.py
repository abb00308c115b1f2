"""What is known of a category's photos before any of them is opened."""

from dataclasses import dataclass

import pandas as pd

PLACED = ["image_key", "value", "label_string", "role", "position", "split"]
"""What the names of files and folders, or label files, tell of a photo."""

COLUMNS = [*PLACED, "group", "domain", "size", "modified", "problem"]


@dataclass(frozen=True)
class Layout:
    """The photos of a category, its values in order, and sentences to warn about.

    ``photos`` has one row per photo, with ``COLUMNS``: ``role`` is "labelled" or "to predict", ``position`` counts the
    rows of a role, ``split`` is "train", "validation" or "test" where the folders say so, ``group`` and ``domain`` are
    the user's, ``size`` (bytes), ``modified`` (nanoseconds) and ``problem`` are the listing's; unknown texts are empty.
    """

    photos: pd.DataFrame
    values: tuple[str, ...]
    notes: tuple[str, ...]


def count_roles(photos: pd.DataFrame) -> pd.DataFrame:
    """Add ``position``, and order the columns."""
    return photos.assign(position=photos.groupby("role").cumcount())[PLACED]


def label_string(index: int, num_values: int) -> str:
    """A sure label, a character per value."""
    return "n" * index + "y" + "n" * (num_values - index - 1)
