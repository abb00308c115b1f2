"""From a raw folder to one table of photos and labels: the FashionAI layout, or plain category folders."""

import csv
import io
from collections.abc import Iterable, Sequence

import pandas as pd

from apparel_eye.attributes import DIMENSIONS, FOLDER_SUFFIX, folder_of, values_of_folders
from apparel_eye.errors import DataError
from apparel_eye.nearest import nearest
from apparel_eye.raw_folder import RawFolder

COLUMNS = ["image_key", "value", "label_string", "role", "position"]
_PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def read_layout(folder: RawFolder, category: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The photos of a category with their labels, and the category's values in order.

    Returns:
        One row per labelled photo and per photo to predict, with ``COLUMNS``; the values.

    Raises:
        DataError: the folder has no photos of the category, or its labels are wrong.
    """
    label_files = [file.key for file in folder.files if _is_part_of(file.key, "Annotations")]
    question_files = [file.key for file in folder.files if file.key.endswith("/Tests/question.csv")]
    if label_files or question_files:
        return _fashionai(folder, category, label_files, question_files)
    return _category_folders(folder, category)


def _fashionai(
    folder: RawFolder, category: str, label_files: Sequence[str], question_files: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    values = DIMENSIONS.get(category)
    if values is None:
        raise DataError(f"category is {category!r}, which FashionAI does not have; {nearest(category, DIMENSIONS)}")
    rows = [
        (key, values[_value_index(label, values, f"{file}, {key}")], label, "labelled", position)
        for file in label_files
        for position, (key, label) in enumerate(_rows_of(folder, file, category))
    ] + [
        (key, "", "", "to predict", position)
        for file in question_files
        for position, (key, _) in enumerate(_rows_of(folder, file, category))
    ]
    if not any(role == "labelled" for *_, role, _ in rows):
        raise DataError(
            f"no label file below {folder.root.absolute()} has a row of {category}{FOLDER_SUFFIX}; "
            f"looked in {', '.join(label_files) or 'no file: there is no Annotations folder'}"
        )
    return pd.DataFrame(rows, columns=COLUMNS), values


def _rows_of(folder: RawFolder, file: str, category: str) -> Iterable[tuple[str, str]]:
    """Image key and third column of the rows of a category."""
    part = file.split("/")[0]
    try:
        text = folder.read(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    for number, row in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
        if number == 1 and not any("/" in cell for cell in row):
            continue  # a header; most of these files have none
        if len(row) != 3:
            raise DataError(f"{file}, line {number} has {len(row)} columns; expected path,dimension,label")
        path, dimension, label = row
        if ".." in path.split("/") or path.startswith("/") or "\0" in path:
            raise DataError(f"{file}, line {number} names {path!r}, which is not below the folder; give a path that is")
        if dimension == category + FOLDER_SUFFIX:
            yield f"{part}/{path}", label


def _value_index(label: str, values: Sequence[str], where: str) -> int:
    if len(label) != len(values) or set(label) - set("ymn") or label.count("y") != 1:
        raise DataError(
            f"{where}: the label is {label!r}; expected {len(values)} characters, one y, the others n or m, "
            f"for example {'n' * (len(values) - 1)}y"
        )
    return label.index("y")


def _category_folders(folder: RawFolder, category: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    photos = [
        file.key for file in folder.files if file.key.lower().endswith(_PHOTO_SUFFIXES) and file.key.count("/") >= 2
    ]
    of_category = [key for key in photos if key.split("/")[0] == category]
    if not of_category:
        categories = sorted({key.split("/")[0] for key in photos})
        raise DataError(
            f"{folder.root.absolute()} has no photos of category {category!r}: expected {category}/<value>/<photo>, or "
            f"the FashionAI layout; found {'the categories ' + ', '.join(categories) if categories else 'neither'}"
        )
    folders = [key.split("/")[1] for key in of_category]
    values = values_of_folders(category, sorted(set(folders)))
    index_of = {folder_of(value): index for index, value in enumerate(values)}
    rows = [
        (key, values[index_of[name]], _label_string(index_of[name], len(values)), "labelled", position)
        for position, (key, name) in enumerate(zip(of_category, folders, strict=True))
    ]
    return pd.DataFrame(rows, columns=COLUMNS), values


def _label_string(index: int, num_values: int) -> str:
    return "n" * index + "y" + "n" * (num_values - index - 1)


def _is_part_of(key: str, folder: str) -> bool:
    parts = key.split("/")
    return len(parts) == 3 and parts[1] == folder and parts[2].lower().endswith(".csv")
