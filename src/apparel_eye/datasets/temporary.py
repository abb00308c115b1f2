"""Files that are not whole yet, and what a disk is asked to keep."""

import os
from contextlib import suppress
from pathlib import Path


def temporary_of(path: Path) -> Path:
    """What a file is called until it is whole; ``leftovers`` knows such names."""
    return path.with_name(f".{os.getpid()}-{path.name}")


def discard(temporary: Path) -> None:
    """Remove a file that did not become whole; where that fails, the next run does it."""
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Return when the disk has a file's bytes, or a folder's names, so that a power cut leaves them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
