"""The layout of a FashionAI release: part folders with label files, question files and photos, merged."""

import re
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from apparel_eye.attributes import DIMENSIONS, FOLDER_SUFFIX
from apparel_eye.data.layouts.label_files import LabelRows, read_labels
from apparel_eye.data.layouts.layout import count_roles
from apparel_eye.data.layouts.orphans import notes_on_orphans
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import ApparelEyeError, DataError, UsageError, nearest
from apparel_eye.parameters import LabelParameters

_TABLE = re.compile(r"(?:[^/]+/)?(?:Annotations|Tests)/[^/]+\.(?i:csv)")
Tables = dict[str, LabelRows]


def is_fashionai(folder: RawFolder) -> bool:
    """Whether there is a label or question file."""
    return any(_tables_of(folder))


def read_fashionai(
    folder: RawFolder, category: str, settings: LabelParameters
) -> tuple[pd.DataFrame, tuple[str, ...], list[str]]:
    """Photos with ``PLACED`` columns, values and notes.

    Raises:
        UsageError: the category is no dimension, or label files are of others.
        DataError: there are no labels, or the label files are wrong.
    """
    labels = read_rows_of(folder, category, settings)
    values = DIMENSIONS[category]
    _, question_files, answer_files = _tables_of(folder)
    questions = {file: read_labels(folder, file, category) for file in question_files}
    labelled = _labelled(labels, values)
    answered = {key for file in answer_files if file in labels for key in labels[file].image_keys}
    asked = _asked(questions, set(labelled["image_key"].tolist()), answered)
    photos = count_roles(pd.concat([labelled, asked], ignore_index=True).assign(split=""))
    keys = photos["image_key"].tolist()
    missing = _notes_on_missing(folder, keys, settings.allow_missing)
    orphans = notes_on_orphans(folder, category, set(keys), set(_named(labels)))
    left_aside = _notes_on_parameters(answer_files, settings)
    return photos, values, [*missing, *orphans, *left_aside]


def dimensions_in(folder: RawFolder, settings: LabelParameters) -> list[str]:
    """Dimensions that the label files name."""
    return _named({file: read_labels(folder, file, "") for file in _label_files(folder, settings)})


def read_rows_of(folder: RawFolder, category: str, settings: LabelParameters) -> Tables:
    """Rows of a category in each file that labels photos to train on.

    Raises:
        UsageError: the category is no dimension, or label files are of others.
        DataError: there are no labels, or the label files are wrong.
    """
    if category not in DIMENSIONS:
        raise UsageError(f"category is {category!r}, which FashionAI does not have; {nearest(category, DIMENSIONS)}")
    labels = {file: read_labels(folder, file, category) for file in _label_files(folder, settings)}
    if not any(rows.image_keys for rows in labels.values()):
        raise _no_labels(folder, category, labels)
    return labels


def _label_files(folder: RawFolder, settings: LabelParameters) -> list[str]:
    label_files, _, answer_files = _tables_of(folder)
    return [*label_files, *(answer_files if settings.answers == "train" else [])]


def _named(labels: Tables) -> list[str]:
    return sorted(set[str]().union(*(rows.dimensions for rows in labels.values())))


def _tables_of(folder: RawFolder) -> tuple[list[str], list[str], list[str]]:
    tables = [file.key for file in folder.files if _TABLE.fullmatch(file.key)]
    labels = [key for key in tables if "/Annotations/" in f"/{key}"]
    questions = [key for key in tables if f"/{key}".endswith("/Tests/question.csv")]
    return labels, questions, [key for key in tables if key not in {*labels, *questions}]


def _labelled(labels: Tables, values: Sequence[str]) -> pd.DataFrame:
    rows = _concat(labels)
    _check_labels(rows, values)
    rows = rows.drop_duplicates(["image_key", "label_string"], ignore_index=True)
    twice = rows[rows["image_key"].duplicated(keep=False)].sort_values("image_key", kind="stable")
    if len(twice):
        first, second = (f"{row.label_string!r} ({row.file}, line {row.line})" for row in twice.head(2).itertuples())
        raise DataError(
            f"{twice['image_key'].nunique()} photos have two different labels, for example {twice['image_key'].iloc[0]}"
            f": {first} and {second}; keep one of them"
        )
    value = rows["label_string"].map({label: values[label.index("y")] for label in rows["label_string"].unique()})
    return rows.assign(value=value, role="labelled")


def _concat(tables: Tables) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"image_key": rows.image_keys, "label_string": rows.labels, "line": rows.lines, "file": file})
        for file, rows in tables.items()
    ]
    empty = pd.DataFrame({"image_key": [], "label_string": [], "line": [], "file": []}, dtype="str")
    return pd.concat([part for part in parts if len(part)] or [empty], ignore_index=True)


def _check_labels(rows: pd.DataFrame, values: Sequence[str]) -> None:
    for label in rows["label_string"].unique():
        if len(label) != len(values) or set(label) - set("ymn") or label.count("y") != 1:
            row = rows[rows["label_string"] == label].iloc[0]
            raise DataError(
                f"{row['file']}, line {row['line']}, {row['image_key']}: the label is {label!r}; expected "
                f"{len(values)} characters, one y, the others n or m, for example {'n' * (len(values) - 1)}y"
            )


def _asked(questions: Tables, labelled: Collection[str], answered: Collection[str]) -> pd.DataFrame:
    rows = _concat(questions).drop_duplicates("image_key").assign(value="", label_string="", role="to predict")
    keys = rows["image_key"].tolist()
    both = [key for key in keys if key in labelled and key not in answered]
    if both:
        raise DataError(
            f"{len(both)} photos are labelled and also to predict, for example {both[0]} in {', '.join(questions)}; "
            "remove them from one of the files"
        )
    return rows[np.array([key not in answered for key in keys], dtype=bool)]


def _no_labels(folder: RawFolder, category: str, labels: Tables) -> ApparelEyeError:
    found = _named(labels)
    message = (
        f"no label file below {folder.root.absolute()} has a row of {category}{FOLDER_SUFFIX}; "
        f"looked in {', '.join(labels) or 'no file: there is no Annotations folder'}"
        + (f", which label {', '.join(found)}" if found else "")
        + "; add its label file, or name another with --params category=NAME"
    )
    return UsageError(message) if found else DataError(message)


def _notes_on_missing(folder: RawFolder, keys: Sequence[str], is_allowed: bool) -> list[str]:
    present = {file.key for file in folder.files}
    missing = [key for key in keys if key not in present]
    if not missing:
        return []
    shown = ", ".join(missing[:10]) + (" ..." if len(missing) > 10 else "")
    if not is_allowed:
        raise DataError(
            f"{len(missing)} of {len(keys)} photos in the label and question files are not below "
            f"{folder.root.absolute()}: {shown}; add them, or leave them out with "
            "--params ingest.labels.allow_missing=true"
        )
    return [f"{len(missing)} of {len(keys)} photos in the label and question files do not exist: {shown}"]


def _notes_on_parameters(answer_files: Sequence[str], settings: LabelParameters) -> list[str]:
    notes = []
    if answer_files and settings.answers == "ignore":
        notes.append(
            f"{', '.join(answer_files)} not read: answers to the questions are for scoring; "
            "--params ingest.labels.answers=train trains on them"
        )
    if settings.values:
        notes.append("ingest.labels.values is not used: FashionAI's dimensions have their own values")
    return notes
