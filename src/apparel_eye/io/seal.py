"""A file and its seal: the checksum beside it, and what it was made from.

The seal ``<file>.seal`` is JSON. ``sha256`` lists the checksums that the file may have: while a new version replaces an
old one there are two (more after saves that were killed), so that a kill between any two steps leaves a file that its
seal accepts. ``made_from`` is the fingerprint of a finished node; it is absent while the node is still writing.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apparel_eye.errors import DataError


def write(path: Path, write_to: Callable[[Path], None]) -> None:
    """Have a file written under a temporary name in the same folder, then put it in its place, sealed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write_to(temporary)
        place(path, temporary)
    finally:
        temporary.unlink(missing_ok=True)


def place(path: Path, temporary: Path) -> None:
    """Put a written file in its place: synced, then renamed, and accepted by its seal at any moment."""
    _sync(temporary)
    checksum = sha256_of(temporary)
    _write_seal(path, {"sha256": [checksum, *read(path).get("sha256", [])]})
    temporary.replace(path)
    _sync(path.parent)
    _write_seal(path, {"sha256": [checksum]})


def check(path: Path) -> None:
    """Refuse a file that is not what was written.

    Raises:
        DataError: the file has no seal, or its bytes are not the sealed ones.
    """
    sealed = read(path).get("sha256", [])
    if not sealed:
        raise DataError(f"{path} has no checksum beside it, so it was not written by a run; delete it and run again")
    found = sha256_of(path)
    if found not in sealed:
        raise DataError(
            f"{path} is damaged: its SHA-256 is {found[:12]}..., sealed was {sealed[0][:12]}...; "
            "delete it and run again"
        )


def read(path: Path) -> dict[str, Any]:
    """The seal of a file; empty where there is none."""
    try:
        seal: dict[str, Any] = json.loads(_seal_of(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return seal


def mark_finished(path: Path, fingerprint: str) -> None:
    """Note what a finished node made the file from."""
    _write_seal(path, {**read(path), "made_from": fingerprint})


def sha256_of(path: Path) -> str:
    """Checksum of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_seal(path: Path, seal: dict[str, Any]) -> None:
    temporary = path.with_name(f".{os.getpid()}-{path.name}.seal")
    temporary.write_text(json.dumps(seal), encoding="utf-8")
    _sync(temporary)
    temporary.replace(_seal_of(path))


def _seal_of(path: Path) -> Path:
    return path.with_name(path.name + ".seal")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
