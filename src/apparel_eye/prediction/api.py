"""A user's own photos to one table, by one call."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from apparel_eye.data.photo_sources import PhotoSource, list_photos, open_photos
from apparel_eye.errors import DataError, UsageError
from apparel_eye.prediction.models import choose_categories, load_category
from apparel_eye.prediction.tag import tag

Place = str | os.PathLike[str]


def predict(
    photos: Place | Iterable[Place],
    category: str | Iterable[str] | None = None,
    data: Place = "data",
    candidate: str = "auto",
    follow_links: bool = False,
    photos_column: str = "",
) -> pd.DataFrame:
    """Answers of trained categories for photos; writes nothing.

    A file that is no photo keeps its row and says why in ``problem``; a photo's answer depends on nothing but its
    bytes.

    Args:
        photos: a folder, a photo, a text file with a path a line, a ``.csv`` or ``.tsv`` table with a column of paths,
            or the paths themselves.
        category: that answers, one or several; if None, all that were trained below ``data``.
        data: folder below which the runs that trained them have written.
        candidate: that answers: ``plain`` or ``tta`` of the network, a head by its name (``xgboost``, ``bags`` and
            others), or ``blend``; ``auto``: the one that was chosen on validation photos.
        follow_links: whether links may lead out of the folder.
        photos_column: of the table, with paths; if empty, one that is named as such columns usually are.

    Returns:
        A row per category and file, in the order of ``photos``: the category, what ``schemas.Predictions`` has, and a
        ``probability of <value>`` for each value of any category, NaN where it is not one of the row's category.

    Raises:
        DataError: there are no photos, or no category was trained.
        UsageError: there is no such candidate, or a category was not trained but others were.
        SystemEnvironmentError: a folder or list cannot be read.
    """
    source, folder = _source_of(photos, photos_column, follow_links), Path(data).expanduser()
    tables = []
    for name in choose_categories(folder, category):
        recognizer = load_category(folder, name, "" if candidate == "auto" else candidate)
        rows = pd.concat([chunk.rows for chunk in tag(source, recognizer)], ignore_index=True)
        rows.insert(0, "category", name)
        tables.append(rows)
    return pd.concat(tables, ignore_index=True)


def _source_of(photos: Place | Iterable[Place], column: str, follow_links: bool) -> PhotoSource:
    if isinstance(photos, str | os.PathLike):
        return open_photos(Path(photos).expanduser(), column, follow_links)
    paths = [_path_of(path) for path in _each(photos)]
    if not paths:
        raise DataError("photos is empty; give a folder, a file, or the paths of photos")
    return list_photos(paths, Path(), "photos")


def _each(photos: Any) -> Iterable[Any]:
    try:
        return list(photos)
    except TypeError as error:
        raise _not_a_path(photos) from error


def _path_of(path: Any) -> str:
    try:
        return str(Path(path).expanduser())
    except TypeError as error:
        raise _not_a_path(path) from error


def _not_a_path(found: object) -> UsageError:
    return UsageError(f"photos has a {type(found).__name__}; give a folder, a file, or the paths of photos")
