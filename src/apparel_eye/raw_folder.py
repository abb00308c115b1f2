"""Files below the raw folder, by key."""

import os
from dataclasses import dataclass
from pathlib import Path

from apparel_eye.errors import DataError

_IGNORED = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class RawFile:
    """A file: its path below the raw folder, bytes, and time of the last change in nanoseconds."""

    key: str
    size: int
    modified: int


@dataclass(frozen=True)
class RawFolder:
    """The raw folder; a photo is read only when it is asked for."""

    root: Path
    files: tuple[RawFile, ...]

    def read(self, key: str) -> bytes:
        """The bytes of a file below the folder."""
        return (self.root / key).read_bytes()


def list_files(root: Path, parameter: str = "raw") -> tuple[RawFile, ...]:
    """Files below a folder, sorted by key; hidden ones and what desktops leave behind are passed over.

    Args:
        root: the folder.
        parameter: what names it on the command line, for the message.

    Raises:
        DataError: there is no such folder.
    """
    if not root.is_dir():
        raise DataError(
            f"the {parameter} folder {root.absolute()} {'is a file' if root.exists() else 'does not exist'}; "
            f"put photos there or name another with --params {parameter}=FOLDER"
        )
    return tuple(sorted(_walk(root, ""), key=lambda file: file.key))


def _walk(folder: Path, prefix: str) -> list[RawFile]:
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _IGNORED:
                continue
            if entry.is_dir(follow_symlinks=False):
                files += _walk(folder / entry.name, f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                stat = entry.stat(follow_symlinks=False)
                files.append(RawFile(prefix + entry.name, stat.st_size, stat.st_mtime_ns))
    return files
