"""Files, larger than memory if need be, that are written part after part, and that a killed run goes on with."""

import errno
import hashlib
import os
from abc import abstractmethod
from collections.abc import Iterator, Sized
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from apparel_eye.chunks import Chunk
from apparel_eye.datasets import notes, seal
from apparel_eye.datasets.sealed import ResumableDataset
from apparel_eye.datasets.storage import require_room, wrapped_errors
from apparel_eye.datasets.temporary import discard
from apparel_eye.errors import DataError, SystemEnvironmentError

Whole = TypeVar("Whole", bound=Sized)
Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class Done:
    """What stands in a file: rows, bytes with those of the header, and the SHA-256 of these."""

    num_rows: int
    num_bytes: int
    digest: "hashlib._Hash"

    @property
    def line(self) -> str:
        """Its note, whose checksum is of the bytes and of the line itself."""
        digest, numbers = self.digest.copy(), f"{self.num_rows} {self.num_bytes}"
        digest.update(numbers.encode())
        return f"{numbers} {digest.hexdigest()}\n"


class GrowingDataset(ResumableDataset[Whole | Chunk[Any], Loaded]):
    """A file that is saved at once, or part after part until it is whole. Each format is a class on top of it.

    Until it is whole, the parts stand one behind the other in ``<file>.unfinished``. When one is on the disk, a note of
    the file gets a line: how many rows and bytes there are, and a SHA-256 of all of them. So a kill or a power cut
    loses no more than the part under way. Who goes on compares the file with these lines: what was damaged meanwhile,
    and what comes after it, is made again. The checksum that grew with the file becomes its seal.

    Args:
        filepath: where the file stands.
        on_change: the parameter that gives up what was begun with other settings; none: nobody goes on with it, so that
            nothing is noted, and the parts stand in ``<file>.part``, which the next run removes.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(self, filepath: str, on_change: str = "", metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        self.on_change = on_change
        self._growing = self.path.with_name(f"{self.path.name}{'.unfinished' if on_change else '.part'}")
        self._lines = notes.place_of(self.path, notes.ROWS)
        self._done: Done | None = None

    @abstractmethod
    def _begin(self, first: Chunk[Any]) -> tuple[bytes, int]:
        """The file's header, and how many bytes it is going to have in all; 0 where nobody knows."""

    @abstractmethod
    def _encode(self, rows: Any) -> memoryview:
        """The bytes of a part."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, and what there is of one that is under way."""
        return (self.path, self._growing)

    def save(self, data: Whole | Chunk[Any]) -> None:
        chunk = data if isinstance(data, Chunk) else Chunk(0, len(data), data)
        if chunk.start == chunk.num_rows > 0:
            return
        try:
            with wrapped_errors(self.path):
                before = self._make(chunk) if chunk.start == 0 else self._done or self._go_on(chunk.start)
                assert before.num_rows == chunk.start, "parts follow each other"
                self._done = None  # whatever stops what follows, the file is looked at again
                done = self._write(chunk.rows, before)
                if chunk.stop == chunk.num_rows:
                    self._finish(done)
                    self.forget()
                else:
                    self._note(done)
                    self._done = done
        except SystemEnvironmentError:
            if not self.is_unfinished():
                discard(self._growing)
            raise

    def is_unfinished(self) -> bool:
        """Whether there are rows of a file that was not finished."""
        return next(self._undamaged(), None) is not None

    def forget(self) -> None:
        """Remove the rows of a file that was not finished; a finished one stays."""
        self._done = None
        with wrapped_errors(self._growing, "removed"):
            for path in (self._growing, self._lines):
                path.unlink(missing_ok=True)

    def earlier(self) -> Any:
        """How many rows of a file that was not finished there are, undamaged."""
        return max((done.num_rows for done in self._undamaged()), default=0)

    def _finish(self, done: Done) -> None:
        """Put what has grown in its place."""
        seal.place(self.path, self._growing, checksum=done.digest.hexdigest())

    def _make(self, first: Chunk[Any]) -> Done:
        """All blocks are taken at once: a disk that is too full is told after the first part, not the last."""
        self.forget()
        header, num_bytes = self._begin(first)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        require_room(self.path, num_bytes)
        with self._growing.open("wb") as file:
            file.write(header)
            if num_bytes:
                file.truncate(num_bytes)
                _take_blocks(file.fileno(), num_bytes)
        return Done(0, len(header), hashlib.sha256(header))

    def _go_on(self, start: int) -> Done:
        """After a kill: lines for what is damaged are removed."""
        undamaged = [done for done in self._undamaged() if done.num_rows <= start]
        if not undamaged or undamaged[-1].num_rows != start:
            raise DataError(f"{self._growing} has changed while it was gone on with; run again")
        notes.write(self.path, notes.ROWS, "".join(done.line for done in undamaged))
        return undamaged[-1]

    def _write(self, rows: Any, before: Done) -> Done:
        content, digest = self._encode(rows), before.digest.copy()
        digest.update(content)
        with self._growing.open("r+b") as file:
            file.seek(before.num_bytes)
            file.write(content)
            self._sync(file)
        return Done(before.num_rows + len(rows), before.num_bytes + content.nbytes, digest)

    def _note(self, done: Done) -> None:
        if self.on_change:
            notes.make_folder(self.path)
            with self._lines.open("a", encoding="ascii") as file:
                file.write(done.line)
                self._sync(file)

    def _sync(self, file: Any) -> None:
        if self.on_change:
            file.flush()
            os.fsync(file.fileno())

    def _undamaged(self) -> Iterator[Done]:
        """What stood in the file after each part that was noted, up to the first damage of the file or its lines."""
        missing_or_none = (FileNotFoundError, ValueError)
        with suppress(*missing_or_none), self._growing.open("rb") as file, self._lines.open(encoding="ascii") as lines:
            size, digest = os.fstat(file.fileno()).st_size, hashlib.sha256()
            for line in lines:
                num_rows, num_bytes, _ = line.split(" ")
                if not file.tell() < int(num_bytes) <= size:
                    return
                digest.update(file.read(int(num_bytes) - file.tell()))
                done = Done(int(num_rows), int(num_bytes), digest.copy())
                if done.line != line:
                    return
                yield done


def _take_blocks(descriptor: int, num_bytes: int) -> None:
    """Have a file take all its blocks on the disk, where the file system can."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, num_bytes)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
