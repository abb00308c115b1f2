"""The label and question files of a FashionAI release."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from apparel_eye.attributes import DIMENSIONS, FOLDER_SUFFIX
from apparel_eye.data.layouts.csv_rows import read_rows, wrong_row
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError, nearest

_COLUMNS = ("path", "dimension", "label")
_UNSAFE = re.compile(r"[=+\-@\s]|(?:.*/)?\.{0,2}(?:/|\Z)|.*[\0\\]", re.DOTALL)
"""First a character that starts a formula, an empty or dotted step of the path, or a character no path has."""


@dataclass(frozen=True)
class LabelRows:
    """A category's rows, as lists of equal length, and all dimensions that the file names."""

    image_keys: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    dimensions: set[str] = field(default_factory=set)


def read_labels(folder: RawFolder, file: str, category: str) -> LabelRows:
    """The rows of a category in a label or question file.

    Raises:
        DataError: the file is no such table, names an unknown dimension, or a path that is not below its part.
    """
    part = "".join(f"{name}/" for name in file.split("/")[:-2])
    rows = LabelRows()
    for line, (path, dimension, label) in _checked_rows(folder, file):
        rows.dimensions.add(dimension.removesuffix(FOLDER_SUFFIX))
        if dimension != category + FOLDER_SUFFIX:
            continue
        if _UNSAFE.match(path):
            raise DataError(
                f"{file}, line {line} names {path!r}, which is outside of {part or 'the folder'} or not safe to write "
                "into a table; give a path like Images/skirt_length_labels/1.jpg"
            )
        rows.image_keys.append(part + path)
        rows.labels.append(label)
        rows.lines.append(line)
    return rows


def _checked_rows(folder: RawFolder, file: str) -> Iterator[tuple[int, Sequence[str]]]:
    known = {category + FOLDER_SUFFIX for category in DIMENSIONS}
    for line, row in read_rows(folder, file, _COLUMNS):
        if row[1] not in known:
            if row[0] in known or row[2] in known or "/" in row[1]:
                raise DataError(wrong_row(file, line, row, _COLUMNS))
            raise DataError(f"{file}, line {line}: there is no dimension {row[1]!r}; {nearest(row[1], known)}")
        yield line, row
