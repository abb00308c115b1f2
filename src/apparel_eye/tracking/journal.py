"""What a run has to tell, a JSON line each, in a file that stays until MLflow has heard all of it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows: journals are written there too, but none is taken for abandoned
    fcntl = None  # type: ignore[assignment]

Line = dict[str, Any]


class Journal:
    """The journal of a run, locked as long as the run's process lives: however it ends, the system unlocks it.

    Args:
        folder: where the journals of all runs stand.
        name: unlike that of any other run.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.jsonl"
        self._file: IO[bytes] | None = None
        self._made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb", buffering=0)
            _lock(self._file, wait=True)

    @property
    def is_whole(self) -> bool:
        """Whether every line could be written."""
        return self._file is not None

    def write(self, line: Line) -> None:
        """Append a line at once, so that a kill leaves whole lines, or a part of the last one."""
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line).encode() + b"\n")
        except OSError:
            self._file.close()
            self._file = None

    def close(self, delete: bool) -> None:
        """End the journal; it is kept for a later run, or deleted, and with it folders that it was alone in."""
        if self._file is not None:
            self._file.close()
        if delete:
            remove(self.path)
            with suppress(OSError):
                for folder in self._made:
                    if folder.exists():
                        folder.rmdir()


def abandoned(folder: Path) -> Iterator[tuple[Path, list[Line]]]:
    """The journals of runs that are over, each locked while it is looked at; others wait for a later run."""
    paths: list[Path] = []
    with suppress(OSError):  # too many files are open, or another run has just deleted the folder
        paths = sorted(folder.glob("*.jsonl"))
    for path in paths:
        with suppress(OSError), path.open("r+b") as file:
            if _lock(file, wait=False):
                yield path, list(_lines(file))


def remove(path: Path) -> None:
    """Delete a journal, and its folder if it was the last one."""
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()


def _lines(file: IO[bytes]) -> Iterator[Line]:
    for text in file:
        with suppress(ValueError):  # the last line of a run that was killed may be a part of one
            line = json.loads(text)
            if isinstance(line, dict):
                yield line


def _lock(file: IO[bytes], wait: bool) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # a run's that lives, or on a file system without locks
        return False
    return True
