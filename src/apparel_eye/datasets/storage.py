"""Disks that are full or fail: told before a large write where that can be known, and in words."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apparel_eye.errors import ApparelEyeError, SystemEnvironmentError, in_words


@contextmanager
def wrapped_errors(path: Path, done: str = "written") -> Iterator[None]:
    """Within it, what the operating system refuses is told by the file's own name, not a temporary one's.

    Raises:
        SystemEnvironmentError: instead of any ``OSError``, also where Kedro has wrapped it.
    """
    try:
        yield
    except ApparelEyeError:
        raise
    except Exception as error:
        refused = _refused(error)
        if refused is None:
            raise
        raise SystemEnvironmentError(f"{path} cannot be {done}: {in_words(refused)}{_kept(path, done)}") from error


def require_room(path: Path, num_bytes: int) -> None:
    """Refuse to begin a file that the disk has no room for.

    Args:
        path: where it is going to stand; the version before stays until it is whole.
        num_bytes: how large it is going to be.

    Raises:
        SystemEnvironmentError: there is less room.
    """
    disk = shutil.disk_usage(path.parent)
    if disk.total and num_bytes > disk.free:  # some network disks do not tell
        raise SystemEnvironmentError(
            f"{path} needs {in_units(num_bytes)}, and {in_units(disk.free)} are free on its disk; free some space, or "
            f"name another folder with --params data=FOLDER{_kept(path, 'written')}"
        )


def in_units(num_bytes: int) -> str:
    """A number of bytes as people say it."""
    amount, unit = float(num_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _kept(path: Path, done: str) -> str:
    return ". The version before is kept" if done == "written" and path.exists() else ""


def _refused(error: BaseException | None) -> OSError | None:
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__
    return error
