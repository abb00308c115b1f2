"""The walk over a folder that lists its files: no recursion, no waiting, each real folder once."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from apparel_eye.data.photo_names import PHOTO_SUFFIXES, suffix_of
from apparel_eye.errors import SystemEnvironmentError

LINK_OUT = "link out of the folder; allow with --params follow_links=true"
_LEFT_BEHIND = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin"}


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file: path below the raw folder, bytes, last change in nanoseconds, and why it must not be read, if so.

    A key whose name is not UTF-8 is written with backslash escapes.
    """

    key: str
    size: int
    modified: int
    problem: str = ""


class _Folder(NamedTuple):
    key: str
    path: str
    problem: str


class Walk:
    """One walk without recursion; folders come by name, so that of two links to a folder the same one is followed."""

    def __init__(self, root: str, follow_links: bool) -> None:
        self.root = root
        self.follow_links = follow_links
        self.files: list[RawFile] = []
        self.folders: list[str] = []
        self.passed: list[tuple[str, str]] = []
        self._listed: set[tuple[int, int]] = set()

    def run(self) -> None:
        """Fill the lists."""
        pending = [_Folder("", self.root, "")]
        self._is_new(self.root)
        while pending:
            folder = pending.pop()
            try:
                pending += sorted(self._list(folder), reverse=True)
            except OSError as error:
                self._pass_or_stop(folder.key, folder.path, error)

    def _list(self, folder: _Folder) -> Iterator[_Folder]:
        prefix = f"{folder.key}/" if folder.key else ""
        with os.scandir(folder.path) as entries:
            for entry in entries:
                key, problem = _key_of(entry.name, prefix, folder.problem)
                try:
                    below = self._place(entry, key, problem)
                except OSError as error:
                    self._pass_or_stop(key, folder.path, error)
                    continue
                if below:
                    self.folders.append(key)
                    yield below

    def _place(self, entry: os.DirEntry[str], key: str, problem: str) -> _Folder | None:
        if entry.name.startswith("."):
            self.passed.append((key, "hidden"))
        elif entry.name.lower() in _LEFT_BEHIND:
            self.passed.append((key, "left by a desktop"))
        elif entry.is_symlink():
            return self._place_link(entry, key, problem)
        elif entry.is_dir(follow_symlinks=False):
            return self._place_folder(entry.path, key, problem)
        else:
            self._place_file(entry.stat(follow_symlinks=False), key, problem)
        return None

    def _place_link(self, entry: os.DirEntry[str], key: str, problem: str) -> _Folder | None:
        is_inside = Path(os.path.realpath(entry.path)).is_relative_to(self.root)
        try:
            status = entry.stat()
        except OSError:
            self.files.append(RawFile(key, 0, 0, "broken link"))
            return None
        if not stat.S_ISDIR(status.st_mode):
            is_allowed = is_inside or self.follow_links
            self._place_file(status, key, problem if is_allowed else "outside root")
        elif is_inside:
            self.passed.append((key, "link to a folder that is listed itself"))
        elif not self.follow_links:
            self.passed.append((key, LINK_OUT))
        else:
            return self._place_folder(entry.path, key, problem)
        return None

    def _place_folder(self, path: str, key: str, problem: str) -> _Folder | None:
        if suffix_of(key) in PHOTO_SUFFIXES:
            self.passed.append((key, "folder named like a photo"))
        elif not self._is_new(path):
            self.passed.append((key, "link to a folder that is listed itself"))
        else:
            return _Folder(key, path, problem)
        return None

    def _place_file(self, status: os.stat_result, key: str, problem: str) -> None:
        if not stat.S_ISREG(status.st_mode):
            problem = "not a regular file"
        self.files.append(RawFile(key, status.st_size, status.st_mtime_ns, problem))

    def _is_new(self, path: str) -> bool:
        if not self.follow_links:
            return True  # without links no folder is met twice
        status = Path(path).stat()
        identity = (status.st_dev, status.st_ino)
        is_new = identity not in self._listed
        self._listed.add(identity)
        return is_new

    def _pass_or_stop(self, key: str, folder: str, error: OSError) -> None:
        if error.errno == errno.ENAMETOOLONG:
            self.passed.append((key, "path too long"))
        elif error.errno in (errno.ENOENT, errno.ENOTDIR):
            self.passed.append((key, "gone while it was listed"))
        else:
            raise not_listed(folder, error) from error


def _key_of(name: str, prefix: str, problem: str) -> tuple[str, str]:
    if name.isascii():
        return prefix + name, problem
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return prefix + text, problem if text == name else "name is not UTF-8"


def not_listed(path: str, error: OSError) -> SystemEnvironmentError:
    """The stop for a folder that we may not look into."""
    return SystemEnvironmentError(
        f"the folder {_closed(Path(path))} cannot be listed ({error.strerror}); "
        "allow it with chmod u+rx, or move the folder away"
    )


def _closed(path: Path) -> Path:
    # a folder that may not be entered hides what lies in it: then it, and not what it holds, needs the rights
    try:
        path.stat()
    except PermissionError:
        return _closed(path.parent)
    except OSError:
        pass
    return path
