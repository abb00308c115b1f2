import hashlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io import DataCatalog
from kedro.io.core import DatasetError

from apparel_eye.chunks import ArrayChunk, Chunk
from apparel_eye.datasets import ArrayDataset, notes, seal, storage
from apparel_eye.datasets.growing import GrowingDataset
from apparel_eye.errors import SystemEnvironmentError

ON_CHANGE = "activations.on_change"
NOTHING = hashlib.sha256(b"0 0").hexdigest()
WHOLE = np.random.default_rng(0).normal(size=(10, 3, 2)).astype(np.float16)


def parts(size: int, first: int = 0, whole: Any = WHOLE) -> Iterator[ArrayChunk]:
    for start in range(first, len(whole), size):
        yield ArrayChunk(start, len(whole), whole[start : start + size])


@pytest.fixture
def dataset(tmp_path: Path) -> ArrayDataset:
    return ArrayDataset(str(tmp_path / "made" / "array.npy"), on_change=ON_CHANGE)


def again(dataset: ArrayDataset) -> ArrayDataset:
    """The same file in another run."""
    return ArrayDataset(str(dataset.path), on_change=ON_CHANGE)


def rows_of(dataset: ArrayDataset) -> Path:
    return notes.place_of(dataset.path, notes.ROWS)


def save(dataset: ArrayDataset, some: Iterator[ArrayChunk], number: int = 99) -> None:
    for part, _ in zip(some, range(number), strict=False):
        dataset.save(part)


def num_done(dataset: ArrayDataset) -> int:
    return again(dataset).earlier()


def names(dataset: ArrayDataset) -> set[str]:
    return {path.name for path in dataset.path.parent.iterdir()}


@pytest.mark.parametrize("size", [1, 3, 10, 99])
@pytest.mark.parametrize("dtype", [np.float16, np.uint8, np.float64])
def test_the_file_is_the_one_that_numpy_writes(dataset: ArrayDataset, size: int, dtype: type) -> None:
    whole = WHOLE.astype(dtype)
    save(dataset, parts(size, whole=whole))
    assert names(dataset) == {"array.npy", ".seals"}
    np.save(dataset.path.with_name("expected.npy"), whole)
    assert dataset.path.read_bytes() == dataset.path.with_name("expected.npy").read_bytes()
    loaded = dataset.load()
    np.testing.assert_array_equal(loaded, whole, strict=True)
    assert isinstance(loaded, np.memmap)
    assert not loaded.flags.writeable


def test_rows_that_lie_otherwise_in_memory_are_written_one_after_the_other(dataset: ArrayDataset) -> None:
    save(dataset, parts(4, whole=np.asfortranarray(WHOLE)))
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)


def test_an_array_without_rows_is_one(dataset: ArrayDataset) -> None:
    dataset.save(ArrayChunk(0, 0, WHOLE[:0]))
    assert dataset.load().shape == (0, 3, 2)


def test_the_seal_is_the_checksum_of_the_file_though_nobody_read_it(
    dataset: ArrayDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(seal, "sha256_of", lambda path: pytest.fail("the file is read"))
        save(dataset, parts(4))
    seal.check(dataset.path)


def test_no_array_stands_there_before_its_last_part(dataset: ArrayDataset) -> None:
    for part in parts(4):
        assert not dataset.exists()
        assert dataset.is_unfinished() == (part.start > 0)
        assert num_done(dataset) == part.start
        dataset.save(part)
    assert dataset.exists()
    assert dataset.is_complete()
    assert not dataset.is_unfinished()
    assert num_done(dataset) == 0


@pytest.mark.parametrize("num_saved", [0, 1, 2, 4])
def test_what_was_written_before_a_kill_is_gone_on_with(dataset: ArrayDataset, num_saved: int) -> None:
    save(dataset, parts(2), num_saved)
    assert num_done(dataset) == 2 * num_saved
    save(again(dataset), parts(2, first=2 * num_saved))
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)
    assert names(dataset) == {"array.npy", ".seals"}


def test_the_old_array_stands_until_the_new_one_is_whole(dataset: ArrayDataset) -> None:
    save(dataset, parts(10))
    for part in parts(4, whole=WHOLE + 1):
        np.testing.assert_array_equal(dataset.load(), WHOLE)
        assert dataset.is_complete()
        dataset.save(part)
    np.testing.assert_array_equal(dataset.load(), WHOLE + 1)


def test_the_first_part_begins_an_array_anew(dataset: ArrayDataset) -> None:
    save(dataset, parts(2, whole=np.zeros((20, 7))), 3)
    save(dataset, parts(4))
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)


def test_what_was_begun_can_be_forgotten(dataset: ArrayDataset) -> None:
    save(dataset, parts(10))
    save(dataset, parts(4), 2)
    dataset.forget()
    assert not dataset.is_unfinished()
    assert names(dataset) == {"array.npy", ".seals"}


def flipped(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.mark.fault(93)
@pytest.mark.parametrize("damaged", range(10))
def test_a_damaged_row_and_what_comes_after_its_part_are_made_again(dataset: ArrayDataset, damaged: int) -> None:
    save(dataset, parts(2), 4)
    flipped(dataset.files[1], -WHOLE[damaged:].nbytes)
    intact = min(damaged // 2 * 2, 8)
    assert num_done(dataset) == intact
    save(again(dataset), parts(2, first=intact))
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)


@pytest.mark.fault(93)
def test_no_bit_of_an_unfinished_array_can_be_flipped_unnoticed(dataset: ArrayDataset) -> None:
    save(dataset, parts(2), 3)
    for path in (dataset.files[1], rows_of(dataset)):
        content = path.read_bytes()
        size = len(content) - (WHOLE[6:].nbytes if path == dataset.files[1] else 0)
        for position in range(size):
            flipped(path, position)
            assert num_done(dataset) in (0, 2, 4)
            path.write_bytes(content)
    assert num_done(dataset) == 6


@pytest.mark.parametrize(
    "text",
    ["", "x", "2\n", "0 0 0\n", "\xff", f"2 152 {'0' * 64}\n", f"{'9' * 18} {'9' * 18} {'0' * 64}", "0 0 " + NOTHING],
)
def test_notes_of_nothing_that_stands_there_are_not_believed(dataset: ArrayDataset, text: str) -> None:
    save(dataset, parts(2), 3)
    rows_of(dataset).write_text(text, encoding="latin-1")
    assert num_done(dataset) == 0
    save(again(dataset), parts(2))
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)


@pytest.mark.parametrize("size", [0, 5, 64, 130])
def test_a_file_that_is_too_short_is_made_again_from_where_it_ends(dataset: ArrayDataset, size: int) -> None:
    save(dataset, parts(2), 3)
    os.truncate(dataset.files[1], size)
    done = num_done(dataset)
    assert done == 0
    save(again(dataset), parts(2, first=done))
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)


@pytest.mark.fault(93)
def test_rows_are_on_the_disk_before_they_are_noted_and_the_note_before_the_next_ones(
    dataset: ArrayDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []

    def note_sync(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        num_noted = rows_of(dataset).read_text().count("\n") if rows_of(dataset).exists() else 0
        there = [path for path in (dataset.files[1], rows_of(dataset)) if path.exists()]
        synced.extend((path.name, num_noted) for path in there if path.stat().st_ino == inode)

    monkeypatch.setattr(os, "fsync", note_sync)
    save(dataset, parts(2), 3)
    rows, note = dataset.files[1].name, rows_of(dataset).name
    assert synced == [(rows, 0), (note, 1), (rows, 1), (note, 2), (rows, 2), (note, 3)]


def test_what_is_damaged_while_it_is_gone_on_with_is_not_finished(dataset: ArrayDataset) -> None:
    save(dataset, parts(2), 3)
    flipped(dataset.files[1], -WHOLE[1:].nbytes)
    with pytest.raises(DatasetError, match="run again"):
        save(again(dataset), parts(2, first=6))
    assert not dataset.exists()
    assert num_done(dataset) == 0


def test_a_damaged_array_is_refused(dataset: ArrayDataset) -> None:
    save(dataset, parts(4))
    flipped(dataset.path, -1)
    assert not dataset.is_complete()
    with pytest.raises(DatasetError, match="is damaged"):
        dataset.load()


def test_objects_are_refused_since_they_would_need_pickle(dataset: ArrayDataset) -> None:
    with pytest.raises(DatasetError, match="pickle"):
        dataset.save(ArrayChunk(0, 2, np.array([{}, []], dtype=object)))
    assert not dataset.path.parent.exists()


@pytest.mark.fault(97)
def test_a_disk_without_room_is_told_at_the_first_part(dataset: ArrayDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = storage.shutil.disk_usage("/")._replace(free=100)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda path: usage)
    with pytest.raises((DatasetError, SystemEnvironmentError), match="needs 248 B, and 100 B are free"):
        save(dataset, parts(4), 1)
    assert names(dataset) == set()


class LinesDataset(GrowingDataset[list[str], list[str]]):
    """Another format needs no more than this, and its entry in the catalog."""

    def _begin(self, first: Chunk[Any]) -> tuple[bytes, int]:
        return b"", 0

    def _encode(self, rows: list[str]) -> memoryview:
        return memoryview("".join(f"{row}\n" for row in rows).encode())

    def _read(self) -> list[str]:
        return self.path.read_text().splitlines()


def test_a_format_is_a_class_and_an_entry_of_the_catalog(tmp_path: Path) -> None:
    lines = [str(number) for number in range(10)]
    entry = {"type": f"{__name__}.LinesDataset", "filepath": str(tmp_path / "lines.txt"), "on_change": ON_CHANGE}
    for first in (0, 4, 8):  # each time in another run
        catalog: Any = DataCatalog.from_config(
            {"lines": entry, "num_lines": {"type": "apparel_eye.datasets.EarlierDataset", "dataset": entry}}
        )
        assert catalog.load("num_lines") == first
        assert not catalog["lines"].exists()
        catalog.save("lines", Chunk(first, 10, lines[first : first + 4]))
    assert catalog.load("lines") == lines
    assert catalog.load("num_lines") == 0


@pytest.mark.fault(93)
def test_saves_that_are_killed_at_any_file_operation_end_with_the_same_bytes(
    tmp_path: Path, in_child: Callable[[Callable[[], Any]], tuple[int, Any]]
) -> None:
    def go_on(path: Path, kill_at: int) -> int:
        count = 0

        def step() -> None:
            nonlocal count
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event in ("open", "os.rename", "os.remove", "os.truncate") and str(tmp_path) in str(arguments[0]):
                step()

        os.fsync = lambda _: step()  # what a process has written outlives it unsynced
        sys.addaudithook(hook)
        dataset = ArrayDataset(str(path), on_change=ON_CHANGE)
        save(dataset, parts(2, first=num_done(dataset)))
        return count

    expected = ArrayDataset(str(tmp_path / "expected.npy"))
    expected.save(WHOLE)
    status, total = in_child(lambda: go_on(tmp_path / "counted.npy", 0))
    assert status == 0
    assert total > 20
    progress = []
    for operation in range(1, total + 1):
        path = tmp_path / f"{operation}.npy"
        status, _ = in_child(lambda path=path, operation=operation: go_on(path, operation))
        assert os.WTERMSIG(status) == signal.SIGKILL
        stood = ArrayDataset(str(path), on_change=ON_CHANGE)
        progress.append(10 if stood.exists() else num_done(stood))
        if not stood.exists():
            save(stood, parts(2, first=progress[-1]))
        stood.forget()
        seal.check(path)
        assert path.read_bytes() == expected.path.read_bytes()
    assert progress == sorted(progress)
    assert set(progress) == {0, 2, 4, 6, 8, 10}
