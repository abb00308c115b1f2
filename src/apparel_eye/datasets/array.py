"""Arrays on disk, larger than memory if need be."""

import errno
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io.core import DatasetError
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from apparel_eye.chunks import ArrayChunk
from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import EarlierDataset, SealedDataset
from apparel_eye.datasets.storage import require_room, wrapped_errors
from apparel_eye.datasets.temporary import discard
from apparel_eye.errors import DataError, SystemEnvironmentError


class ArrayDataset(SealedDataset[NDArray[Any] | ArrayChunk, NDArray[Any]]):
    """A ``.npy`` file: loads memory-mapped and read-only; saves an array, or part after part until it is whole."""

    def save(self, data: NDArray[Any] | ArrayChunk) -> None:
        chunk = data if isinstance(data, ArrayChunk) else ArrayChunk(0, len(data), data)
        if chunk.start == chunk.num_rows > 0:
            return
        growing = self.path.with_name(self.path.name + ".part")
        try:
            with wrapped_errors(self.path):
                if chunk.start == 0:
                    self._begin(growing, chunk)
                if chunk.num_rows:  # nothing can be mapped of an empty file
                    array = open_memmap(growing, mode="r+")
                    array[chunk.start : chunk.stop] = chunk.rows
                    array.flush()
                if chunk.stop == chunk.num_rows:
                    seal.place(self.path, growing)
        except SystemEnvironmentError:
            discard(growing)
            raise

    def _begin(self, growing: Path, chunk: ArrayChunk) -> None:
        """All blocks are taken at once: to write to a mapped file on a full disk ends the process."""
        growing.parent.mkdir(parents=True, exist_ok=True)
        growing.unlink(missing_ok=True)
        if not chunk.num_rows:
            with growing.open("wb") as file:
                np.save(file, chunk.rows, allow_pickle=False)
            return
        shape = (chunk.num_rows, *chunk.rows.shape[1:])
        require_room(self.path, math.prod(shape) * chunk.rows.itemsize)
        open_memmap(growing, mode="w+", dtype=chunk.rows.dtype, shape=shape)
        with growing.open("r+b") as file:
            take_blocks(file.fileno(), growing.stat().st_size)

    def _read(self) -> NDArray[Any]:
        return self.open()

    def open(self) -> NDArray[Any]:
        """The array as it is, its checksum not looked at."""
        array: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return array


def take_blocks(descriptor: int, num_bytes: int) -> None:
    """Have a file take all its blocks on the disk, where the file system can."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, num_bytes)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


class EarlierArrayDataset(EarlierDataset[ArrayDataset, NDArray[Any]]):
    """What an earlier run left in an array's file, to go on from: shape (0,) if there is nothing, or it is damaged.

    Args:
        filepath: of the ``ArrayDataset`` that the node writes.
        check: whether the whole file is read to compare its checksum; not needed where the node checks each row.
        metadata: for Kedro-Viz.
    """

    written_by = ArrayDataset

    def __init__(self, filepath: str, check: bool = True, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        self._check = check

    def load(self) -> NDArray[Any]:
        try:
            return self._file.load() if self._check else self._file.open()
        except (DatasetError, DataError, OSError, ValueError):
            return np.zeros(0)
