"""Arrays on disk, larger than memory if need be."""

import math
from io import BytesIO
from typing import Any

import numpy as np
from kedro.io.core import DatasetError
from numpy.lib import format as npy
from numpy.typing import NDArray

from apparel_eye.chunks import ArrayChunk
from apparel_eye.datasets.growing import GrowingDataset
from apparel_eye.errors import DataError


class ArrayDataset(GrowingDataset[NDArray[Any], NDArray[Any]]):
    """A ``.npy`` file; loads memory-mapped and read-only; saves an array, or part after part until it is whole."""

    def earlier(self) -> int | NDArray[Any]:
        """Where nobody goes on with it, the array that stands there: shape (0,) if there is none, or it is damaged."""
        if self.on_change:
            num_rows: int = super().earlier()
            return num_rows
        try:
            return self.load()
        except (DatasetError, DataError, OSError, ValueError):
            return np.zeros(0)

    def _begin(self, first: ArrayChunk) -> tuple[bytes, int]:
        dtype, shape = first.rows.dtype, (first.num_rows, *first.rows.shape[1:])
        if dtype.hasobject:
            raise ValueError(f"an array of {dtype} would need pickle; give numbers")
        header = BytesIO()
        about = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(header, about)
        return header.getvalue(), header.tell() + math.prod(shape) * dtype.itemsize

    def _encode(self, rows: NDArray[Any]) -> memoryview:
        return np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data

    def _read(self) -> NDArray[Any]:
        array: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return array
