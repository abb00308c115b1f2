import errno
import io
import os
import resource
import shutil
import signal
import subprocess
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io.core import DatasetError

from apparel_eye.datasets import ArrayDataset, AtomicDataset, CheckpointDataset, WeightsDataset
from apparel_eye.datasets.storage import in_units, require_room, wrapped_errors
from apparel_eye.errors import SystemEnvironmentError
from apparel_eye.networks.checkpoint import Checkpoint, State

SMALL, LARGE = 10_000, 3_000_000  # bytes, about
Usage = namedtuple("Usage", "total used free")  # as of shutil.disk_usage


def bytes_of(size: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def state_of(size: int) -> Checkpoint:
    return Checkpoint({}, {}, state=State({"moments": bytes_of(size)}, {"size": size}))


# a dataset at a path, what it holds for a number of bytes, and that number again
KINDS: dict[str, tuple[Callable[[str], Any], Callable[[int], Any], Callable[[Any], int]]] = {
    "array": (ArrayDataset, bytes_of, lambda array: array.size),
    "weights": (WeightsDataset, lambda size: {"a": bytes_of(size)}, lambda weights: weights["a"].size),
    "checkpoint": (
        CheckpointDataset,
        lambda size: Checkpoint.single({"a": bytes_of(size)}, {}),
        lambda checkpoint: checkpoint.of("best")["a"].size,
    ),
    "table": (
        lambda path: AtomicDataset(path, {"type": "pandas.ParquetDataset"}),
        lambda size: pd.DataFrame({"a": bytes_of(size)}),
        len,
    ),
    "json": (lambda path: AtomicDataset(path, {"type": "json.JSONDataset"}), lambda size: "x" * size, len),
}
of_each_kind = pytest.mark.parametrize("kind", KINDS)
of_large_kinds = pytest.mark.parametrize("kind", ["array", "weights", "checkpoint"])


class Saved:
    """A dataset with a small version of its content."""

    def __init__(self, kind: str, folder: Path) -> None:
        dataset_at, self._content, self._size = KINDS[kind]
        self.path = folder / "content"
        self.dataset = dataset_at(str(self.path))
        self.dataset.save(self._content(SMALL))

    def save(self, size: int) -> None:
        self.dataset.save(self._content(size))

    def refused(self, size: int = LARGE) -> str:
        """What is said when a version of that size is refused."""
        with pytest.raises(DatasetError) as caught:
            self.save(size)
        assert isinstance(caught.value.__cause__, SystemEnvironmentError)
        return str(caught.value.__cause__)

    def size(self) -> int:
        return self._size(self.dataset.load())

    def files(self) -> list[str]:
        return sorted(path.name for path in self.path.parent.iterdir())


@pytest.fixture
def saved(kind: str, tmp_path: Path) -> Saved:
    return Saved(kind, tmp_path)


@pytest.mark.parametrize(
    ("num_bytes", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"), (3e9, "3.0 GB"), (4.2e15, "4200.0 TB")],
)
def test_bytes_are_told_in_units(num_bytes: int, words: str) -> None:
    assert in_units(num_bytes) == words


@of_large_kinds
@pytest.mark.fault(97)
def test_what_the_disk_has_no_room_for_is_not_begun(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - 2_000_000, 2_000_000))
    monkeypatch.setattr(os, "replace", None)
    said = saved.refused()
    assert said.startswith(f"{saved.path} needs ")
    assert "2.0 MB are free" in said
    assert "data=FOLDER" in said
    assert "The version before is kept" in said
    assert saved.size() == SMALL
    assert saved.files() == [".seals", "content"]


def test_a_disk_that_does_not_tell_its_size_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))
    require_room(tmp_path / "file", 1000)


@contextmanager
def no_file_above(num_bytes: int) -> Iterator[None]:
    """Python ignores the signal that would end the process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@of_each_kind
@pytest.mark.fault(97)
def test_a_write_that_fails_midway_is_told_and_leaves_the_old_version(saved: Saved) -> None:
    with no_file_above(500_000):
        said = saved.refused()
    assert said.startswith(f"{saved.path} cannot be written: files may not become that large; free some space")
    assert "data=FOLDER" in said
    assert "The version before is kept" in said
    assert saved.size() == SMALL
    assert saved.files() == [".seals", "content"]
    saved.save(LARGE)
    assert saved.size() == LARGE


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@of_each_kind
@pytest.mark.parametrize("messages", [True, False], ids=["before", "while"])
@pytest.mark.fault(97)
def test_a_full_disk_is_told_before_or_while_it_is_written_to(
    kind: str, small_disk: Path, messages: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = Saved(kind, small_disk)
    (small_disk / "other").write_bytes(bytes(2_000_000))
    if not messages:  # another program may fill it in the meantime; and a mapped file would end the process
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    said = saved.refused()
    assert str(saved.path) in said
    assert "free some space" in said
    assert saved.size() == SMALL
    assert saved.files() == [".seals", "content", "other"]
    (small_disk / "other").unlink()
    saved.save(2_000_000)
    assert saved.size() == 2_000_000


@pytest.mark.fault(97)
def test_a_state_that_finds_no_room_leaves_the_two_before_it(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    dataset = CheckpointDataset(str(small_disk / "a.safetensors"))
    sizes = (1_000_000, 1_200_000)
    for size in sizes:
        dataset.save(state_of(size))
    with pytest.raises(DatasetError, match="no space is left"):
        dataset.save(state_of(LARGE))
    kept = [CheckpointDataset(str(path)).load().state for path in (dataset.before, dataset.path)]
    assert [state and state.notes["size"] for state in kept] == list(sizes)


WORDS = {
    errno.ENOSPC: "no space is left, or no room for another file",
    errno.EDQUOT: "the quota is used up",
    errno.EIO: "the disk fails",
    errno.EXDEV: "two file systems",
    errno.EROFS: "can only be read",
    errno.EMFILE: "too many files are open; raise the limit",
    errno.EACCES: "permission denied",
    errno.ESTALE: "file handle; name another folder",
}


@contextmanager
def refused_at(step: int, number: int) -> Iterator[list[str]]:
    """The operating system refuses one operation; yields the names of all that were tried."""
    tried: list[str] = []

    def around(name: str, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not set(arguments[1] if len(arguments) > 1 else options.get("mode", "r")) & set(
                "wa+"
            ):
                return change(*arguments, **options)
            tried.append(name)
            if len(tried) == step:
                raise OSError(number, os.strerror(number), "a temporary name")
            return change(*arguments, **options)

        return changed

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((os, "fsync"), (os, "replace"), (os, "mkdir"), (os, "posix_fallocate"), (io, "open")):
            patch.setattr(owner, name, around(name, getattr(owner, name)))
        yield tried


@of_each_kind
@pytest.mark.parametrize("number", WORDS, ids=lambda number: errno.errorcode[number])
@pytest.mark.fault(98, 100)
def test_any_operation_that_is_refused_leaves_the_old_or_the_new_version(
    kind: str, number: int, tmp_path: Path
) -> None:
    counted = Saved(kind, tmp_path)
    with refused_at(0, number) as tried:
        counted.save(2 * SMALL)
    assert {"open", "fsync", "replace"} <= set(tried)
    sizes = []
    for step in range(1, len(tried) + 1):
        folder = tmp_path / str(step)
        folder.mkdir()
        saved = Saved(kind, folder)
        with refused_at(step, number) as reached, suppress(DatasetError):
            saved.save(2 * SMALL)
            assert reached[step - 1] == "mkdir"  # of a folder that is there
            continue
        assert saved.files() == [".seals", "content"]
        sizes.append(saved.size())
    assert sizes == sorted(sizes)
    assert set(sizes) == {SMALL, 2 * SMALL}


@pytest.mark.parametrize("number", WORDS, ids=lambda number: errno.errorcode[number])
@of_each_kind
@pytest.mark.parametrize("operation", ["fsync", "replace"])
@pytest.mark.fault(98, 100)
def test_what_is_refused_is_told_in_words_by_the_name_of_the_file(
    saved: Saved, number: int, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number), "a temporary name")

    monkeypatch.setattr(os, operation, refuse)
    said = saved.refused()
    assert said.startswith(f"{saved.path} cannot be written: ")
    assert WORDS[number] in said
    assert "a temporary name" not in said


@of_each_kind
@pytest.mark.fault(98)
def test_a_disk_that_fails_while_it_is_read_is_told_by_the_name_of_the_file(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: Any, name: str) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("hashlib.file_digest", fail)
    with pytest.raises(DatasetError) as caught:
        saved.dataset.load()
    assert isinstance(caught.value.__cause__, SystemEnvironmentError)
    assert f"{saved.path} cannot be read: the disk fails" in str(caught.value)


@of_each_kind
@pytest.mark.fault(98)
def test_signals_that_interrupt_system_calls_do_no_harm(saved: Saved) -> None:
    came = 0

    def count(number: int, frame: Any) -> None:
        nonlocal came
        came += 1

    before = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for size in range(SMALL, SMALL + 10):
            saved.save(size)
            assert saved.size() == size
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert came > 5


@pytest.mark.fault(97)
def test_a_full_device_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SystemEnvironmentError, match=f"{tmp_path}/file cannot be written: no space is left"),
        wrapped_errors(tmp_path / "file"),
        Path("/dev/full").open("w") as full,
    ):
        full.write("x")


def test_what_is_no_matter_of_the_disk_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(KeyError), wrapped_errors(tmp_path):
        raise KeyError("x")
