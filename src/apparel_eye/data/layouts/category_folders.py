"""Photos in folders named by their values: ``<category>/<value>/<photo>``, or that below ``train`` and ``test``."""

from collections.abc import Sequence

import pandas as pd

from apparel_eye.attributes import folder_of
from apparel_eye.data.layouts.categories import find_places
from apparel_eye.data.layouts.layout import count_roles, label_string
from apparel_eye.data.layouts.names import check_names
from apparel_eye.data.layouts.values import VALUES_FILE, choose_values
from apparel_eye.data.photo_names import is_photo_name, suffix_of
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError
from apparel_eye.parameters import LabelParameters


def read_category_folders(
    folder: RawFolder, category: str, settings: LabelParameters
) -> tuple[pd.DataFrame, tuple[str, ...], list[str]]:
    """Photos with ``PLACED`` columns, values and notes.

    Raises:
        DataError: there are no such folders, or their names or contents are wrong.
    """
    places = find_places(folder, category)
    photos, notes = _find_photos(folder, places)
    trained = _value_folders(folder, [place for place, split in places.items() if split in ("", "train")])
    names = sorted({*trained, *photos["folder"].unique()} - {""})
    notes = [*check_names([category], "category"), *check_names(names, "value folder"), *notes]
    _check_train_has_all(photos, trained)
    values, is_listed = choose_values(folder, category, [*places, f"{category}/"], names, settings)
    notes += _notes_on_empty(photos, trained, category, is_listed)
    return _label(photos, values), values, notes


def _find_photos(folder: RawFolder, places: dict[str, str]) -> tuple[pd.DataFrame, list[str]]:
    rows, strays, others = [], [], []
    for place, split in places.items():
        for key in (file.key for file in folder.files if file.key.startswith(place)):
            name, slash, _ = key[len(place) :].partition("/")
            if not is_photo_name(key):
                others += [key] if slash or name != VALUES_FILE else []
            elif slash or split == "test":
                rows.append((key, name if slash else "", split))
            else:
                strays.append(key)
    photos = pd.DataFrame(rows, columns=["image_key", "folder", "split"], dtype="str")
    nameless = [key for key, *_ in rows if not suffix_of(key)]
    found = {
        "files have no suffix of a photo and are passed over": others,
        "photos lie beside the value folders and are passed over": strays,
        "photos have no suffix; their content decides": nameless,
    }
    return photos, [f"{len(keys)} {what}, for example {keys[0]}" for what, keys in found.items() if keys]


def _value_folders(folder: RawFolder, places: Sequence[str]) -> list[str]:
    below = [key[len(place) :] for place in places for key in folder.folders if key.startswith(place)]
    return sorted({name for name in below if "/" not in name})


def _check_train_has_all(photos: pd.DataFrame, trained: Sequence[str]) -> None:
    unknown = photos[~photos["folder"].isin([*trained, ""])]
    if len(unknown):
        names = sorted(unknown["folder"].unique())
        raise DataError(
            f"{len(names)} value folders of {' and '.join(sorted(unknown['split'].unique()))} are not in train: "
            f"{', '.join(map(repr, names[:10]))}; train has {', '.join(map(repr, trained))}; add photos to train, or "
            "move these folders away"
        )


def _notes_on_empty(photos: pd.DataFrame, trained: Sequence[str], category: str, is_listed: bool) -> list[str]:
    filled = set(photos["folder"][photos["split"].isin(["", "train"])].unique())
    empty = [name for name in trained if name not in filled]
    if not empty:
        return []
    fact = f"{len(empty)} value folders of {category} have no photos: {', '.join(map(repr, empty[:10]))}"
    if not is_listed or not filled:
        raise DataError(
            f"{fact}; add photos, remove the folders, or list all values with --params ingest.labels.values"
        )
    return [fact]


def _label(photos: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    value_of = {folder_of(value): value for value in values} | {"": ""}
    label_of = {value: label_string(index, len(values)) for index, value in enumerate(values)} | {"": ""}
    value = photos["folder"].map(value_of)
    role = (photos["split"] == "test").map({True: "to predict", False: "labelled"})
    return count_roles(photos.assign(value=value, label_string=value.map(label_of), role=role))
