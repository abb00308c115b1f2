"""A user's own photos: a folder, one photo, a list of paths, or the column of a table that names them."""

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from apparel_eye.data.raw_folder import RawFile, open_file, scan_folder
from apparel_eye.errors import DataError, UsageError, nearest

_LISTS = (".txt", ".lst")
_TABLES = {".csv": ",", ".tsv": "\t"}
_COLUMNS = ("photo", "photos", "path", "paths", "image", "images", "file", "filename", "image_key")
"""Of a table, in which paths are looked for where no column is named."""


class PhotoSource(Protocol):
    """Photos by key; ``RawFolder`` is one."""

    @property
    def root(self) -> Path:
        """Where relative keys start."""
        ...

    @property
    def files(self) -> tuple[RawFile, ...]:
        """Every file, also those that must not be read."""
        ...

    def read(self, key: str) -> bytes:
        """The bytes of a file; an ``OSError`` says why it cannot be read."""
        ...


@dataclass(frozen=True)
class PhotoList:
    """Photos named one by one; a key is the path as it was written, relative ones start at ``root``."""

    root: Path
    files: tuple[RawFile, ...]

    def read(self, key: str) -> bytes:
        """The bytes of a file; an ``OSError`` says why it cannot be read."""
        with open_file(self.root / key) as file:
            return file.read()


def open_photos(place: Path, column: str = "", follow_links: bool = False) -> PhotoSource:
    """The photos of a place.

    Args:
        place: a folder, a photo, a text file with a path a line, or a ``.csv`` or ``.tsv`` table with paths.
        column: of the table; if empty, one that is named as such columns usually are.
        follow_links: whether links may lead out of the folder.

    Raises:
        DataError: there is no such place, or nothing in it.
        UsageError: the table has no such column.
        SystemEnvironmentError: a folder cannot be listed.
    """
    if not place.is_file():
        return scan_folder(place, "photos", follow_links)
    if place.suffix.lower() in _LISTS:
        return list_photos(_lines(place), place.parent, str(place))
    if place.suffix.lower() in _TABLES:
        return list_photos(_column_of(place, column), place.parent, str(place))
    return list_photos([place.name], place.parent, str(place))


def list_photos(paths: Iterable[str], root: Path, named_by: str) -> PhotoList:
    """Photos that are named one by one, in that order; what cannot be read keeps its place and says why.

    Raises:
        DataError: there are none.
    """
    files = tuple(_file_at(root, path) for path in paths)
    if not files:
        raise DataError(f"{named_by} names no photo; write a path a line, absolute or from its folder on")
    return PhotoList(root, files)


def _file_at(root: Path, key: str) -> RawFile:
    try:
        found = (root / key).stat()
    except FileNotFoundError:
        return RawFile(key, 0, 0, "there is no such file")
    except (OSError, ValueError) as error:  # a zero byte in a path is a ValueError
        return RawFile(key, 0, 0, getattr(error, "strerror", None) or str(error))
    problem = "" if stat.S_ISREG(found.st_mode) else "not a regular file"
    return RawFile(key, found.st_size, found.st_mtime_ns, problem)


def _lines(path: Path) -> Sequence[str]:
    return [line for line in (line.strip("\r\n") for line in _text(path).split("\n")) if line.strip()]


def _column_of(path: Path, wanted: str) -> Sequence[str]:
    try:
        table = pd.read_csv(
            path, sep=_TABLES[path.suffix.lower()], dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(
            f"{path} is no table of UTF-8 text ({error}); save it as CSV with a line of column names"
        ) from error
    names = {str(name).strip().lower(): name for name in table.columns}
    if wanted and wanted not in table.columns:
        raise UsageError(f"photos_column is {wanted!r}, which {path} has not; {nearest(wanted, list(table.columns))}")
    found = wanted or next((names[name] for name in _COLUMNS if name in names), None)
    if found is None:
        raise UsageError(
            f"{path} has the columns {', '.join(map(str, table.columns))}; say which one has the paths of photos with "
            "--params photos_column=NAME"
        )
    return [path for path in table[found] if path.strip()]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
