"""Arrays on disk, larger than memory if need be, that a killed run goes on with."""

import hashlib
import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from apparel_eye.chunks import ArrayChunk
from apparel_eye.datasets import notes, seal
from apparel_eye.datasets.array import take_blocks
from apparel_eye.datasets.sealed import EarlierDataset, ResumableDataset
from apparel_eye.datasets.storage import require_room, wrapped_errors
from apparel_eye.datasets.temporary import discard
from apparel_eye.errors import DataError

_NOTE = re.compile(r"(\d{1,18}) (\d{1,18}) ([0-9a-f]{64})")


@dataclass(frozen=True)
class _Done:
    """What stands in a file: rows, bytes with those of the header, and the SHA-256 of these."""

    num_rows: int
    num_bytes: int
    digest: "hashlib._Hash"

    @property
    def note(self) -> str:
        """A line whose checksum is of the bytes and of the line itself."""
        digest, numbers = self.digest.copy(), f"{self.num_rows} {self.num_bytes}"
        digest.update(numbers.encode())
        return f"{numbers} {digest.hexdigest()}"


class GrowingArrayDataset(ResumableDataset[ArrayChunk, NDArray[Any]]):
    """A ``.npy`` file; loads memory-mapped and read-only; saves part after part until it is whole.

    Until then the rows stand in ``<file>.unfinished``. When a part is on the disk, a note of the file gets a line: how
    many rows and bytes there are, and a SHA-256 of all of them. So a kill or a power cut loses no more than
    the part under way. Who goes on compares the file with these lines: what was damaged meanwhile, and what comes after
    it, is made again. The checksum that grew with the file becomes its seal.

    Args:
        filepath: where the file stands.
        metadata: for hooks and Kedro-Viz.
    """

    on_change = "activations.on_change"

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        self._growing = self.path.with_name(f"{self.path.name}.unfinished")
        self._rows = notes.place_of(self.path, notes.ROWS)
        self._done: _Done | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, and what there is of one that is under way."""
        return (self.path, self._growing)

    def save(self, data: ArrayChunk) -> None:
        with wrapped_errors(self.path):
            before = self._begin(data) if data.start == 0 else self._done or self._go_on(data.start)
            assert before.num_rows == data.start, "parts follow each other"
            self._done = None  # whatever stops what follows, the file is looked at again
            done = self._write(data.rows, before)
            if data.stop == data.num_rows:
                seal.place(self.path, self._growing, checksum=done.digest.hexdigest())
                self.forget()
            else:
                self._note(done)
                self._done = done

    def is_unfinished(self) -> bool:
        """Whether there are rows of an array that was not finished."""
        return self._growing.exists() and next(self._noted(), None) is not None

    def is_complete(self) -> bool:
        """Whether an array stands there, undamaged."""
        return self.path.exists() and seal.sha256_of(self.path) in seal.checksums_of(self.path)

    def forget(self) -> None:
        """Remove the rows of an array that was not finished; a finished one stays."""
        self._done = None
        with wrapped_errors(self._growing, "removed"):
            for path in (self._growing, self._rows):
                path.unlink(missing_ok=True)

    def num_rows_done(self) -> int:
        """Rows from the first on that are there, undamaged."""
        return max((done.num_rows for done in self._undamaged()), default=0)

    def _begin(self, first: ArrayChunk) -> _Done:
        """All blocks are taken at once: a disk that is too full is told after the first part, not the last."""
        self.forget()
        shape = (first.num_rows, *first.rows.shape[1:])
        header = _header(first.rows.dtype, shape)
        num_bytes = len(header) + math.prod(shape) * first.rows.itemsize
        self.path.parent.mkdir(parents=True, exist_ok=True)
        require_room(self.path, num_bytes)
        try:
            with self._growing.open("wb") as file:
                file.write(header)
                file.truncate(num_bytes)
                take_blocks(file.fileno(), num_bytes)
        except OSError:
            discard(self._growing)
            raise
        return _Done(0, len(header), hashlib.sha256(header))

    def _go_on(self, start: int) -> _Done:
        """After a kill: lines for what is damaged are removed."""
        undamaged = [done for done in self._undamaged() if done.num_rows <= start]
        if not undamaged or undamaged[-1].num_rows != start:
            raise DataError(f"{self._growing} has changed while it was gone on with; run again")
        notes.write(self.path, notes.ROWS, "".join(f"{done.note}\n" for done in undamaged))
        return undamaged[-1]

    def _write(self, rows: NDArray[Any], before: _Done) -> _Done:
        content = np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
        digest = before.digest.copy()
        digest.update(content)
        with self._growing.open("r+b") as file:
            file.seek(before.num_bytes)
            file.write(content)
            _sync(file)
        return _Done(before.num_rows + len(rows), before.num_bytes + content.nbytes, digest)

    def _note(self, done: _Done) -> None:
        notes.make_folder(self.path)
        with self._rows.open("a", encoding="ascii") as file:
            file.write(f"{done.note}\n")
            _sync(file)

    def _noted(self) -> Iterator[tuple[int, int, str]]:
        """Rows, bytes and the whole line of each part; what a kill left of a line, and what is none, ends them."""
        with suppress(FileNotFoundError, ValueError), self._rows.open(encoding="ascii") as file:
            for line in file:
                note = _NOTE.fullmatch(line.removesuffix("\n"))
                if note is None:
                    return
                yield int(note[1]), int(note[2]), note[0]

    def _undamaged(self) -> Iterator[_Done]:
        """What stood in the file after each part that was noted, up to the first damage."""
        with suppress(FileNotFoundError), self._growing.open("rb") as file:
            size, digest = os.fstat(file.fileno()).st_size, hashlib.sha256()
            for num_rows, num_bytes, note in self._noted():
                if not file.tell() < num_bytes <= size:
                    return
                digest.update(file.read(num_bytes - file.tell()))
                done = _Done(num_rows, num_bytes, digest.copy())
                if done.note != note:
                    return
                yield done

    def _read(self) -> NDArray[Any]:
        array: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return array


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    if dtype.hasobject:
        raise ValueError(f"an array of {dtype} would need pickle; give numbers")
    header = BytesIO()
    about = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(header, about)
    return header.getvalue()


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


class EarlierGrowingArrayDataset(EarlierDataset[GrowingArrayDataset, int]):
    """How many rows of an array that was not finished there are, undamaged."""

    written_by = GrowingArrayDataset

    def load(self) -> int:
        return self._file.num_rows_done()
