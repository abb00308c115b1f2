"""A file and its seal: the checksum beside it, and what it was made from.

The seal ``<file>.seal`` is JSON. ``sha256`` lists the checksums that the file may have: while a new version replaces an
old one there are two (more after saves that were killed), so that a kill between any two steps leaves a file that its
seal accepts. ``made_from`` is the fingerprint of a finished node; it is absent while the node is still writing.
"""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from apparel_eye.datasets.storage import wrapped_errors
from apparel_eye.errors import DataError


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
        _sync(temporary)
        checksum = checksum or sha256_of(temporary)
        if earlier is not None and path.exists():
            _set_aside(path, earlier)
        _rename(temporary, path, checksum)


def write_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all, without a seal."""
    temporary = temporary_of(path)
    try:
        temporary.write_text(text, encoding="utf-8")
        _sync(temporary)
        temporary.replace(path)
    finally:
        discard(temporary)


def temporary_of(path: Path) -> Path:
    """What a file is called until it is whole; ``leftovers`` knows such names."""
    return path.with_name(f".{os.getpid()}-{path.name}")


def check(path: Path) -> None:
    """Refuse a file that is not what was written.

    Raises:
        DataError: the file has no seal, or its bytes are not the sealed ones.
    """
    sealed = checksums_of(path)
    if not sealed:
        raise DataError(f"{path} has no checksum beside it, so it was not written by a run; delete it and run again")
    found = sha256_of(path)
    if found not in sealed:
        raise DataError(
            f"{path} is damaged: its SHA-256 is {found[:12]}..., sealed was {sealed[0][:12]}...; "
            "delete it and run again"
        )


def read(path: Path) -> dict[str, Any]:
    """The seal of a file; empty where there is none, or where it is damaged."""
    try:
        seal = json.loads(_seal_of(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return seal if isinstance(seal, dict) else {}


def checksums_of(path: Path) -> list[str]:
    """The checksums that a file may have, the newest first; none where it has no seal."""
    sealed = read(path).get("sha256")
    return [checksum for checksum in sealed if isinstance(checksum, str)] if isinstance(sealed, list) else []


def mark_finished(path: Path, fingerprint: str) -> None:
    """Note what a finished node made the file from."""
    with wrapped_errors(path):
        _write_seal(path, {**read(path), "made_from": fingerprint})


def remove(path: Path) -> None:
    """Remove a file and its seal, if they are there."""
    with wrapped_errors(path, "removed"):
        path.unlink(missing_ok=True)
        _seal_of(path).unlink(missing_ok=True)


def discard(temporary: Path) -> None:
    """Remove a file that did not become whole; where that fails, the next run does it."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


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
    _sync(path.parent)
    _write_seal(path, {"sha256": [checksum]})


def _write_seal(path: Path, seal: dict[str, Any]) -> None:
    write_text(_seal_of(path), json.dumps(seal))


def _seal_of(path: Path) -> Path:
    return path.with_name(path.name + ".seal")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
