"""The one way from a raw folder to its layout."""

from collections import Counter

import pandas as pd

from apparel_eye.data.layouts.category_folders import read_category_folders
from apparel_eye.data.layouts.fashionai import is_fashionai, read_fashionai
from apparel_eye.data.layouts.layout import COLUMNS, Layout
from apparel_eye.data.layouts.photo_texts import texts_of_photos
from apparel_eye.data.raw_folder import RawFile, RawFolder
from apparel_eye.parameters import LabelParameters

_MISSING = RawFile("", 0, 0, "missing")
_MAX_IMBALANCE = 100


def read_layout(folder: RawFolder, category: str, settings: LabelParameters) -> Layout:
    """The photos of a category, with what names, label files and the listing tell of them.

    Raises:
        DataError: the folder has no photos of the category, or its names or labels are wrong.
    """
    read = read_fashionai if is_fashionai(folder) else read_category_folders
    photos, values, notes = read(folder, category, settings)
    for column, file in (("group", "groups.csv"), ("domain", "domain.csv")):
        texts, notes_on_texts = texts_of_photos(folder, column, file)
        photos = photos.assign(**{column: photos["image_key"].map(texts).fillna("").astype("str")})
        notes = notes + notes_on_texts
    photos = _with_listing(photos, folder)
    notes = [*notes, *_notes_on_imbalance(photos), *_notes_on_passed(folder)]
    return Layout(photos[COLUMNS], values, tuple(notes))


def _with_listing(photos: pd.DataFrame, folder: RawFolder) -> pd.DataFrame:
    by_key = {file.key: file for file in folder.files}
    files = [by_key.get(key, _MISSING) for key in photos["image_key"].tolist()]
    return photos.assign(
        size=pd.Series([file.size for file in files], dtype="int64"),
        modified=pd.Series([file.modified for file in files], dtype="int64"),
        problem=pd.Series([file.problem for file in files], dtype="str"),
    )


def _notes_on_imbalance(photos: pd.DataFrame) -> list[str]:
    counts = photos["value"][photos["role"] == "labelled"].value_counts()
    if counts.empty or counts.iloc[0] <= _MAX_IMBALANCE * counts.iloc[-1]:
        return []
    return [
        f"{counts.index[0]!r} has {counts.iloc[0]} labelled photos and {counts.index[-1]!r} only {counts.iloc[-1]}: "
        "accuracy will say little, look at the scores of each value"
    ]


def _notes_on_passed(folder: RawFolder) -> list[str]:
    examples = {why: key for key, why in reversed(folder.passed)}
    counts = Counter(why for _, why in folder.passed)
    return [f"{count} passed over ({why}), for example {examples[why]}" for why, count in counts.items()]
