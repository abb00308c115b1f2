"""Weights and checkpoints in safetensors files: data that cannot become code."""

import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import ResumableDataset, SealedDataset
from apparel_eye.datasets.storage import require_room
from apparel_eye.errors import DataError
from apparel_eye.networks.checkpoint import Checkpoint, about, as_arrays, from_arrays

logger = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]
_HEADER = 1_000_000
"""Bytes that names and descriptions may take beside the arrays."""


class WeightsDataset(SealedDataset[Arrays, Arrays]):
    """Arrays by name."""

    def save(self, data: Arrays) -> None:
        seal.write(self.path, _writer(self.path, data, {}))

    def _read(self) -> Arrays:
        return _arrays_and_header(self.path)[0]


class CheckpointDataset(ResumableDataset[Checkpoint, Checkpoint]):
    """A checkpoint; its description stands in the file's header.

    While training is not finished, the state before the last one is kept beside it, ``<name>.before.safetensors``.
    """

    on_change = "train.on_change"

    @property
    def before(self) -> Path:
        """Where the state before the last one stands."""
        return self.path.with_name(f"{self.path.stem}.before{self.path.suffix}")

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, and the state before it."""
        return (self.path, self.before)

    def save(self, data: Checkpoint) -> None:
        # one entry: safetensors writes several in any order, and the same weights would have another checksum
        writer = _writer(self.path, as_arrays(data), {"checkpoint": json.dumps(about(data))})
        if data.state is None:
            seal.write(self.path, writer)
            seal.remove(self.before)
        else:
            seal.write(self.path, writer, earlier=self.before if _has_state(self.path) else None)

    def earlier(self) -> Checkpoint:
        """What unfinished training left, to go on from: a checkpoint without weights and state if there is nothing."""
        for path in filter(Path.exists, self.files):
            try:
                seal.check(path)
                found = _checkpoint_at(path)
            except (DataError, OSError) as error:
                logger.warning("%s: the state before it is used, if there is one", str(error).split(";")[0])
                continue
            if found.state is not None:
                return found
            break
        return Checkpoint({}, {})

    def is_unfinished(self) -> bool:
        """Whether there is a state that training could go on from."""
        return any(_has_state(path) for path in self.files)

    def is_complete(self) -> bool:
        """Whether a finished checkpoint stands there, undamaged."""
        return not _has_state(self.path) and super().is_complete()

    def forget(self) -> None:
        """Remove what training could go on from; a finished checkpoint stays."""
        seal.remove(self.before)
        if _has_state(self.path):
            seal.remove(self.path)

    def _read(self) -> Checkpoint:
        return _checkpoint_at(self.path)


def _writer(path: Path, arrays: Arrays, header: dict[str, str]) -> Callable[[Path], None]:
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}

    def write_to(temporary: Path) -> None:
        require_room(path, sum(array.nbytes for array in contiguous.values()) + _HEADER)
        folder = temporary.with_name(
            f"{temporary.name}.parts"
        )  # the library leaves a file of its own where it is killed
        folder.mkdir()
        try:
            save_file(contiguous, folder / path.name, metadata=header)
            (folder / path.name).chmod(folder.stat().st_mode & 0o666)  # it would be its owner's alone
            (folder / path.name).rename(temporary)
        except SafetensorError as error:
            number = re.search(r"os error (\d+)", str(error))
            raise OSError(int(number[1]) if number else 0, str(error)) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return write_to


def _arrays_and_header(path: Path) -> tuple[Arrays, dict[str, str]]:
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _checkpoint_at(path: Path) -> Checkpoint:
    try:
        arrays, header = _arrays_and_header(path)
        return from_arrays(arrays, json.loads(header["checkpoint"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no checkpoint of this version; move it away and run again") from error


def _has_state(path: Path) -> bool:
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads(file.metadata()["checkpoint"])["state"] is not None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return False
