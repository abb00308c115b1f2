"""Weights in safetensors files: data that cannot become code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from apparel_eye.checkpoint import Checkpoint, as_arrays, from_arrays
from apparel_eye.io import seal
from apparel_eye.io.sealed import SealedDataset

Arrays = dict[str, NDArray[Any]]


class WeightsDataset(SealedDataset[Arrays, Arrays]):
    """Arrays by name."""

    def save(self, data: Arrays) -> None:
        seal.write(self.path, _writer(data, {}))

    def _read(self) -> Arrays:
        return _arrays_and_header(self.path)[0]


class CheckpointDataset(SealedDataset[Checkpoint, Checkpoint]):
    """A checkpoint; its description stands in the file's header."""

    def save(self, data: Checkpoint) -> None:
        about = {"chosen": dict(data.chosen), "description": dict(data.description)}
        # one entry: safetensors writes several in any order, and the same weights would have another checksum
        seal.write(self.path, _writer(as_arrays(data), {"checkpoint": json.dumps(about)}))

    def _read(self) -> Checkpoint:
        arrays, header = _arrays_and_header(self.path)
        return from_arrays(arrays, **json.loads(header["checkpoint"]))


def _writer(arrays: Arrays, header: dict[str, str]) -> Callable[[Path], None]:
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    return lambda path: save_file(contiguous, path, metadata=header)


def _arrays_and_header(path: Path) -> tuple[Arrays, dict[str, str]]:
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
