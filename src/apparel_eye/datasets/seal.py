"""A file and its seal: the checksum of its bytes, and what it was made from.

The seal is JSON, a note of the file (see ``notes``). ``sha256`` lists the checksums that the file may have: while a new
version replaces an old one there are two (more after saves that were killed), so that a kill between any two steps
leaves a file that its seal accepts. ``made_from`` is the fingerprint of a finished node, ``made_with`` the versions of
libraries it had; they are absent while the node is still writing.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from apparel_eye.datasets import notes
from apparel_eye.datasets.storage import wrapped_errors
from apparel_eye.datasets.temporary import discard, sync, temporary_of
from apparel_eye.errors import DataError

_COPY_AGAIN = f"copy its folder again with the hidden {notes.FOLDER} in it (cp -r FOLDER, not FOLDER/*)"


def write(path: Path, write_to: Callable[[Path], None], earlier: Path | None = None) -> None:
    """Have a file written under a temporary name in the same folder, then put it in its place, sealed.

    Args:
        path: its place.
        write_to: writes to the name that it is given.
        earlier: where the file goes that stands there now, unless it is damaged; it is replaced if there is none.

    Raises:
        SystemEnvironmentError: the operating system refuses it; what stood there stands there still, or at ``earlier``.
    """
    temporary = temporary_of(path)
    try:
        with wrapped_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_to(temporary)
            place(path, temporary, earlier)
    finally:
        discard(temporary)


def place(path: Path, temporary: Path, earlier: Path | None = None, checksum: str | None = None) -> None:
    """Put a written file in its place: synced, then renamed, and accepted by its seal at any moment.

    Args:
        path: its place.
        temporary: the file, in the same folder.
        earlier: as of ``write``.
        checksum: of its bytes, where the caller knows it; none: the file is read.
    """
    with wrapped_errors(path):
        sync(temporary)
        checksum = checksum or sha256_of(temporary)
        if earlier is not None and path.exists():
            _set_aside(path, earlier)
        _rename(temporary, path, checksum)


def check(path: Path) -> None:
    """Refuse a file that is not what was written.

    Raises:
        DataError: there is no such file, it has no seal, or its bytes are not the sealed ones.
    """
    if not path.exists():
        raise DataError(
            f"{path} does not exist; if it was copied, {_COPY_AGAIN}; if not, run the pipeline that makes it"
        )
    sealed = checksums_of(path)
    if not sealed:
        raise DataError(
            f"{path} has no checksum in {notes.FOLDER} beside it: the copy is not whole, or no run wrote it; "
            f"{_COPY_AGAIN}; only where nothing else is left of it, move it away and run again, which makes it anew"
        )
    found = sha256_of(path)
    if found not in sealed:
        raise DataError(
            f"{path} is damaged: its SHA-256 is {found[:12]}..., sealed was {sealed[0][:12]}...; "
            f"if it was copied, {_COPY_AGAIN}; if not, move it away and run again, which makes it anew"
        )


def read(path: Path) -> dict[str, Any]:
    """The seal of a file; empty where there is none, or where it is damaged."""
    return notes.read(path, notes.SEAL)


def checksums_of(path: Path) -> list[str]:
    """The checksums that a file may have, the newest first; none where it has no seal."""
    sealed = read(path).get("sha256")
    return [checksum for checksum in sealed if isinstance(checksum, str)] if isinstance(sealed, list) else []


def mark_finished(path: Path, fingerprint: str, versions: Mapping[str, str] = MappingProxyType({})) -> None:
    """Note what a finished node made the file from, and with which versions of libraries."""
    with wrapped_errors(path):
        _write_seal(path, {**read(path), "made_from": fingerprint, "made_with": dict(versions)})


def made_with(path: Path) -> dict[str, str]:
    """Versions of libraries that a finished node had; none where earlier versions wrote the seal."""
    versions = read(path).get("made_with")
    return versions if isinstance(versions, dict) else {}


def remove(path: Path) -> None:
    """Remove a file and its seal, if they are there."""
    with wrapped_errors(path, "removed"):
        path.unlink(missing_ok=True)
        notes.remove(path, notes.SEAL)


def copy(path: Path, folder: Path) -> None:
    """Copy a file to another folder, with its seal."""
    shutil.copyfile(path, folder / path.name)
    _write_seal(folder / path.name, read(path))


def sha256_of(path: Path) -> str:
    """Checksum of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _set_aside(path: Path, earlier: Path) -> None:
    checksum = sha256_of(path)
    if checksum in checksums_of(path):  # else it is damaged, and what stands at `earlier` is better
        _rename(path, earlier, checksum)


def _rename(source: Path, path: Path, checksum: str) -> None:
    _write_seal(path, {"sha256": [checksum, *checksums_of(path)]})
    source.replace(path)
    sync(path.parent)
    _write_seal(path, {"sha256": [checksum]})


def _write_seal(path: Path, seal: dict[str, Any]) -> None:
    notes.write(path, notes.SEAL, json.dumps(seal))
