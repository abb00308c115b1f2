"""One run at a time writes to a folder.

The lock is the operating system's, on an empty file ``.lock``: it ends with the process that holds it, however that
ends. ``.lock.json`` beside it is only for the message to others.
"""

import json
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from apparel_eye.errors import LockedError, SystemEnvironmentError, in_words

_PATIENCE = 0.5
"""Seconds; enough for a lock that is just being given back."""
_ATTEMPTS = 100
"""Counted, not timed: on a busy machine a single one may take longer than any time that would be given."""


@contextmanager
def held(folders: Iterable[Path]) -> Iterator[None]:
    """Within it, no other run writes to the folders; they are made, and removed again if nothing was put there.

    Raises:
        LockedError: another run writes to one of them.
        SystemEnvironmentError: one of them cannot be locked.
    """
    with ExitStack() as locks:
        for folder in sorted({folder.resolve() for folder in folders}):
            locks.enter_context(_held(folder))
        yield


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    file, holder = folder / ".lock", folder / ".lock.json"
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    lock = FileLock(file, timeout=_PATIENCE, fallback_to_soft=False)
    try:
        _acquire(lock, folder)
    except Timeout as error:
        raise LockedError(
            f"{folder} is in use by another run{_described(holder)}; wait until it has ended, or name another folder "
            "with --params data=FOLDER"
        ) from error
    except OSError as error:
        raise SystemEnvironmentError(
            f"{folder} cannot be locked against other runs, which would spoil its files: {in_words(error)}"
        ) from error
    try:
        _describe(holder)
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
            file.unlink(missing_ok=True)  # held until now: who waits for it sees that it is gone, and makes a new one
        lock.release()
        with suppress(OSError):
            for empty in made:
                empty.rmdir()


def _acquire(lock: BaseFileLock, folder: Path) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            return
        except (FileNotFoundError, FileExistsError):  # another run, which wrote nothing, has just removed the folder
            if attempt == _ATTEMPTS - 1:
                raise


def _describe(holder: Path) -> None:
    since = datetime.now().astimezone().isoformat(" ", timespec="seconds")
    with suppress(OSError):  # the lock holds without it
        holder.write_text(json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": since}))


def _described(holder: Path) -> str:
    try:
        known = json.loads(holder.read_text())
        return f" (process {known['process']} on {known['host']}, since {known['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
