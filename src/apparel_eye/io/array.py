"""Arrays on disk, larger than memory if need be."""

from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from apparel_eye.array_part import ArrayPart
from apparel_eye.io import seal
from apparel_eye.io.sealed import SealedDataset


class ArrayDataset(SealedDataset[NDArray[Any] | ArrayPart, NDArray[Any]]):
    """A ``.npy`` file: loads memory-mapped and read-only; saves an array, or part after part until it is whole."""

    def save(self, data: NDArray[Any] | ArrayPart) -> None:
        part = data if isinstance(data, ArrayPart) else ArrayPart(0, len(data), data)
        growing = self.path.with_name(self.path.name + ".part")
        growing.parent.mkdir(parents=True, exist_ok=True)
        if part.num_rows:
            shape = (part.num_rows, *part.rows.shape[1:])
            mode = "w+" if part.start == 0 else "r+"
            array = open_memmap(growing, mode=mode, dtype=part.rows.dtype, shape=shape)
            array[part.start : part.stop] = part.rows
            array.flush()
        else:  # nothing can be mapped of an empty file
            with growing.open("wb") as file:
                np.save(file, part.rows, allow_pickle=False)
        if part.stop == part.num_rows:
            seal.place(self.path, growing)

    def _read(self) -> NDArray[Any]:
        array: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return array
