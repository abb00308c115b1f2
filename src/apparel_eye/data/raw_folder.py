"""Files below the raw folder, by key: listing them, and reading one without ever waiting or leaving the folder."""

import errno
import os
import stat
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from apparel_eye.data.folder_walk import LINK_OUT, RawFile, Walk, not_listed
from apparel_eye.errors import DataError

__all__ = ["RawFile", "RawFolder", "open_file", "scan_folder"]

_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)  # Windows has neither
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class RawFolder:
    """The raw folder: files and folders by key, and what was passed over with why; a file is read when asked for."""

    root: Path
    files: tuple[RawFile, ...]
    folders: tuple[str, ...] = ()
    passed: tuple[tuple[str, str], ...] = ()
    follow_links: bool = False
    _real_folders: dict[str, str] = field(default_factory=dict, init=False, compare=False, repr=False)

    def read(self, key: str) -> bytes:
        """The bytes of a file below the folder; an ``OSError`` says why it cannot be read."""
        with self.open(key) as file:
            return file.read()

    def open(self, key: str) -> BufferedReader:
        """The file, to be read in parts."""
        folder, _, name = key.rpartition("/")
        path = Path(self._real(folder), name)
        if stat.S_ISLNK(path.lstat().st_mode):
            path = Path(self._checked(os.path.realpath(path)))
        return open_file(path, _NOFOLLOW)

    def _real(self, folder: str) -> str:
        """Where a folder really is; looked up once, since resolving a path takes as long as reading a photo."""
        if folder not in self._real_folders:
            self._real_folders[folder] = self._checked(os.path.realpath(self.root / folder))
        return self._real_folders[folder]

    def _checked(self, path: str) -> str:
        if not self.follow_links and not Path(path).is_relative_to(os.path.realpath(self.root)):
            raise PermissionError(errno.EPERM, LINK_OUT, path)
        return path


def open_file(path: Path, flags: int = 0) -> BufferedReader:
    """A file, to be read; what is none is refused.

    Args:
        path: of the file.
        flags: for ``os.open``, beside those of reading.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    # a link or a pipe that took the file's place just now would lead out, or block, without the flags
    return open(path, "rb", opener=lambda name, usual: os.open(name, usual | flags | _NONBLOCK))


def scan_folder(root: Path, parameter: str = "raw", follow_links: bool = False) -> RawFolder:
    """List a folder; hidden files, what desktops leave behind, and folders named like a photo are passed over.

    A link to a file counts as a file, a link to a folder inside as nothing: each real folder is listed once.

    Args:
        root: the folder.
        parameter: what names it on the command line, for messages.
        follow_links: whether links may lead out of the folder.

    Raises:
        DataError: there is no such folder, or nothing in it.
        SystemEnvironmentError: a folder cannot be listed.
    """
    scan = Walk(_real_root(root, parameter), follow_links)
    scan.run()
    if not scan.files and not scan.folders:
        passed = f" but {scan.passed[0][0]} ({scan.passed[0][1]})" if scan.passed else ""
        raise DataError(
            f"the {parameter} folder {scan.root} is empty{passed}; "
            f"put photos there or name another with --params {parameter}=FOLDER"
        )
    files = sorted(scan.files, key=lambda file: file.key)
    return RawFolder(root, tuple(files), tuple(sorted(scan.folders)), tuple(sorted(scan.passed)), follow_links)


def _real_root(root: Path, parameter: str) -> str:
    path = Path(os.path.realpath(root))
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise not_listed(str(path), error) from error
    if not is_folder:
        raise DataError(
            f"the {parameter} folder {path} {'is a file' if exists else 'does not exist'}; "
            f"put photos there or name another with --params {parameter}=FOLDER"
        )
    return str(path)
