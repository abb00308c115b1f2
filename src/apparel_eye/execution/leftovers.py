"""What saves leave behind that were killed."""

import logging
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from apparel_eye.datasets import notes

logger = logging.getLogger(__name__)

_EARLIER = ".parts"  # a folder beside an unfinished table, until 0.1.0
_TEMPORARY = re.compile(r"\.\d+-(?P<rest>.+)")  # see temporary.temporary_of


def remove_leftovers(paths: Iterable[Path]) -> None:
    """Remove temporary files beside files and their notes; only for who holds the lock of their folders.

    Args:
        paths: the files as they are called once they are whole.
    """
    names: dict[Path, set[str]] = {}
    for path in paths:
        for folder in (path.parent, path.parent / notes.FOLDER):
            names.setdefault(folder, set()).add(path.name)
    for folder, of_folder in names.items():
        for entry in list(folder.iterdir()) if folder.is_dir() else []:
            if _is_leftover(entry.name, of_folder):
                _remove(entry)
            elif entry.suffix == _EARLIER and entry.stem in of_folder:
                logger.info("%s, rows of a table that an earlier version did not finish, is removed: made anew", entry)
                _remove(entry)


def _is_leftover(found: str, names: set[str]) -> bool:
    temporary = _TEMPORARY.fullmatch(found)
    if temporary is None:
        return found.endswith(".part") and found.removesuffix(".part") in names
    rest = temporary["rest"]
    return any(rest == name or rest.startswith(f"{name}.") for name in names)


def _remove(path: Path) -> None:
    with suppress(OSError):  # it is in nobody's way
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
