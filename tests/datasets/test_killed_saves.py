"""Saves that the operating system kills: at each file operation of Python's, and at any moment."""

import itertools
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from waiting import meanwhile, pause

from apparel_eye.chunks import ArrayChunk, TableChunk
from apparel_eye.datasets import (
    ArrayDataset,
    AtomicDataset,
    CheckpointDataset,
    TableDataset,
    WeightsDataset,
)
from apparel_eye.execution.leftovers import remove_leftovers
from apparel_eye.networks.checkpoint import Checkpoint, State

InChild = Callable[[Callable[[], Any]], tuple[int, Any]]
FILE_OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "mmap.__new__"}


def numbers(version: int) -> Any:
    return np.full((50, 40), version)


def finished(version: int) -> Checkpoint:
    return Checkpoint.single({"weight": numbers(version)}, {"version": version})


def unfinished(version: int) -> Checkpoint:
    state = State({"moments": numbers(version)}, {"version": version})
    return Checkpoint({1: {"weight": numbers(version)}}, {"last": 1}, history=[{"epoch": 1.0}], state=state)


def version_of(checkpoint: Checkpoint) -> int | None:
    """The version of which all parts of a checkpoint are; None of one without any."""
    arrays = [array for weights in checkpoint.weights.values() for array in weights.values()]
    notes = [checkpoint.state.notes] if checkpoint.state else [checkpoint.description]
    arrays += checkpoint.state.arrays.values() if checkpoint.state else []
    versions = {number for array in arrays for number in np.unique(array)} | {
        note["version"] for note in notes if "version" in note
    }
    assert len(versions) <= 1
    return int(versions.pop()) if versions else None


class Table:
    """Versions of a table in a file."""

    def __init__(self, path: Path) -> None:
        self.dataset: Any = AtomicDataset(str(path), {"type": "pandas.ParquetDataset"})

    def save(self, version: int) -> None:
        self.dataset.save(pd.DataFrame({"n": [version] * 100}))

    def load(self) -> int | None:
        (version,) = set(self.dataset.load()["n"])
        return int(version)


class Weights(Table):
    """Versions of weights."""

    def __init__(self, path: Path) -> None:
        self.dataset = WeightsDataset(str(path))

    def save(self, version: int) -> None:
        self.dataset.save({"weight": numbers(version)})

    def load(self) -> int | None:
        (version,) = np.unique(self.dataset.load()["weight"])
        return int(version)


class Array(Weights):
    """Versions of an array, saved in two parts."""

    def __init__(self, path: Path) -> None:
        self.dataset = ArrayDataset(str(path))

    def save(self, version: int) -> None:
        whole = numbers(version)
        for start, stop in ((0, 30), (30, 50)):
            self.dataset.save(ArrayChunk(start, 50, whole[start:stop]))

    def load(self) -> int | None:
        (version,) = np.unique(self.dataset.load())
        return int(version)


class GrowingArray(Array):
    """Versions of an array that a killed run goes on with."""

    def __init__(self, path: Path) -> None:
        self.dataset = ArrayDataset(str(path), on_change="activations.on_change")


class GrowingTable(Table):
    """Versions of a table that a killed run goes on with, saved in two parts."""

    def __init__(self, path: Path) -> None:
        self.dataset = TableDataset(str(path), on_change="predict.on_change")

    def save(self, version: int) -> None:
        for start, stop in ((0, 30), (30, 50)):
            self.dataset.save(TableChunk(start, 50, pd.DataFrame({"n": [version] * (stop - start)})))

    def load(self) -> int | None:
        (version,) = set(self.dataset.load().head(50)["n"])
        return int(version)


class Finished(Table):
    """Versions of a checkpoint."""

    def __init__(self, path: Path) -> None:
        self.dataset = CheckpointDataset(str(path))

    def save(self, version: int) -> None:
        self.dataset.save(finished(version))

    def load(self) -> int | None:
        return version_of(self.dataset.load())


class Unfinished(Finished):
    """States of training, of which two are kept."""

    def __init__(self, path: Path) -> None:
        self.dataset = CheckpointDataset(str(path))

    def save(self, version: int) -> None:
        self.dataset.save(unfinished(version))

    def load(self) -> int | None:
        return version_of(self.dataset.earlier())


class Ending(Unfinished):
    """States of training, of which the last version is the end."""

    def save(self, version: int) -> None:
        self.dataset.save(finished(version) if version == NEW else unfinished(version))

    def load(self) -> int | None:
        found = version_of(self.dataset.earlier())
        return Finished.load(self) if found is None else found


OLDEST, OLD, NEW = 1, 2, 3
of_each_kind = pytest.mark.parametrize(
    "kind", [Table, Weights, Array, GrowingArray, GrowingTable, Finished, Unfinished, Ending]
)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def files_that_may_stand(dataset: Any) -> set[str]:
    notes_that_may_stand = {
        f".seals/{path.name}{ending}" for path in dataset.files for ending in (".seal", ".unfinished.rows")
    }
    return {".seals", *(path.name for path in dataset.files), *notes_that_may_stand}


def kill_at(operation: int) -> Callable[[], int]:
    """Make the process kill itself before that file operation; returns a counter of them.

    Between emptying a file and writing to it lies one more.
    """
    count = 0

    def step(first: Callable[[], Any] = lambda: None) -> None:
        nonlocal count
        count += 1
        if count == operation:
            first()
            os.kill(os.getpid(), signal.SIGKILL)

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FILE_OPERATIONS:
            step()
        if event == "open" and isinstance(arguments[0], str) and arguments[2] & os.O_TRUNC:
            step(lambda: Path(arguments[0]).write_bytes(b""))

    def before(change: Any) -> Any:
        def changed(*arguments: Any) -> Any:
            step()
            return change(*arguments)

        return changed

    os.fsync = before(lambda _: None)  # what a process has written outlives it unsynced
    os.posix_fallocate = before(os.posix_fallocate)
    sys.addaudithook(look)
    return lambda: count


@of_each_kind
@pytest.mark.fault(93)
def test_a_save_killed_at_any_file_operation_leaves_the_old_or_the_new(
    kind: type[Table], tmp_path: Path, in_child: InChild
) -> None:
    def save_killed(folder: Path, operation: int) -> int:
        saved = kind(folder / "file.x")
        count = kill_at(operation)
        saved.save(NEW)
        return count()

    def prepared(name: str) -> Path:
        saved = kind(tmp_path / name / "file.x")
        saved.save(OLDEST)
        saved.save(OLD)
        return tmp_path / name

    folder = prepared("counted")
    status, total = in_child(lambda: save_killed(folder, 0))
    assert status == 0
    assert total >= 12
    found = []
    for operation in range(1, total + 1):
        folder = prepared(str(operation))
        status, _ = in_child(lambda folder=folder, operation=operation: save_killed(folder, operation))
        assert os.WTERMSIG(status) == signal.SIGKILL
        saved = kind(folder / "file.x")
        found.append(saved.load())
        remove_leftovers(saved.dataset.files)
        assert files_in(folder) <= files_that_may_stand(saved.dataset)
        assert saved.load() == found[-1]
    assert found == sorted(found)  # old up to some operation, new from there on
    assert set(found) == {OLD, NEW}


@pytest.mark.parametrize("kind", [Table, GrowingArray, GrowingTable, Unfinished])
@pytest.mark.fault(93)
def test_a_save_killed_over_files_of_an_earlier_version_leaves_the_old_or_the_new(
    kind: type[Table], tmp_path: Path, in_child: InChild
) -> None:
    """What was noted of a file stood beside it."""

    def save_killed(folder: Path, operation: int) -> int:
        saved = kind(folder / "file.x")
        count = kill_at(operation)
        saved.save(NEW)
        return count()

    def prepared(name: str) -> Path:
        saved = kind(tmp_path / name / "file.x")
        saved.save(OLDEST)
        saved.save(OLD)
        for note in (tmp_path / name / ".seals").iterdir():
            note.rename(tmp_path / name / note.name)
        (tmp_path / name / ".seals").rmdir()
        return tmp_path / name

    folder = prepared("counted")
    status, total = in_child(lambda: save_killed(folder, 0))
    assert status == 0
    found = []
    for operation in range(1, total + 1):
        folder = prepared(str(operation))
        status, _ = in_child(lambda folder=folder, operation=operation: save_killed(folder, operation))
        assert os.WTERMSIG(status) == signal.SIGKILL
        found.append(kind(folder / "file.x").load())
    assert found == sorted(found)
    assert set(found) == {OLD, NEW}


@of_each_kind
@pytest.mark.fault(93)
def test_saves_killed_at_any_moment_leave_one_of_the_last_two(
    kind: type[Table], tmp_path: Path, in_child: InChild
) -> None:
    """Also within the libraries' own operations, which ``test_a_save_killed_at_any_file_operation`` does not see."""
    generator = random.Random(0)
    saved = kind(tmp_path / "file.x")

    def save_until_killed() -> None:
        os.close(1)
        os.write(sending, b"x")
        while True:
            for version in (OLD, NEW):
                saved.save(version)

    saved.save(OLD)
    receiving, sending = os.pipe()
    for _ in range(25):
        child = os.fork()
        if not child:
            try:
                save_until_killed()
            finally:
                os._exit(1)
        assert os.read(receiving, 1) == b"x"
        meanwhile(generator.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        remove_leftovers(saved.dataset.files)
        assert saved.load() in (OLD, NEW)
        assert files_in(tmp_path) <= files_that_may_stand(saved.dataset)
    os.close(receiving)
    os.close(sending)


@pytest.mark.fault(96)
def test_a_save_goes_on_after_a_pause(tmp_path: Path) -> None:
    saved = Unfinished(tmp_path / "file.x")
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        try:
            for version in itertools.count(1):
                saved.save(version)
                os.write(sending, b"x")
                if (tmp_path / "enough").exists():
                    os._exit(0)
        finally:
            os._exit(1)
    os.close(sending)
    with os.fdopen(receiving, "rb", buffering=0) as pipe:
        for _ in range(5):
            assert pipe.read(1) == b"x"
            pause(child)
            os.kill(child, signal.SIGCONT)
        (tmp_path / "enough").touch()
        version = 5 + len(pipe.read())
    assert os.waitpid(child, 0)[1] == 0
    assert saved.load() == version
