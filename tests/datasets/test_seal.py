import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io.core import DatasetError

from apparel_eye.chunks import ArrayChunk
from apparel_eye.datasets import ArrayDataset, AtomicDataset, CheckpointDataset, WeightsDataset, notes, seal
from apparel_eye.errors import DataError, SystemEnvironmentError
from apparel_eye.networks.checkpoint import Checkpoint, as_arrays

Dataset = Any
Content = tuple[str, Callable[[Path], Dataset], list[Any], Callable[[Any], Any]]


def weights(seed: int) -> dict[str, Any]:
    return {"a": np.random.default_rng(seed).normal(size=(3, 4)), "b": np.array(seed)}


def array(seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 9, (5 + seed, 4))


def as_lists(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: value.tolist() for name, value in arrays.items()}


def table_at(path: Path) -> Dataset:
    return AtomicDataset(str(path), {"type": "pandas.CSVDataset", "save_args": {"index": False}})


# a name, the dataset at a path, three versions of what it holds, and how versions are compared
CONTENTS: list[Content] = [
    ("table", table_at, [pd.DataFrame({"n": [seed] * 3}) for seed in range(3)], lambda table: table["n"].tolist()),
    ("weights", lambda path: WeightsDataset(str(path)), [weights(seed) for seed in range(3)], as_lists),
    (
        "checkpoint",
        lambda path: CheckpointDataset(str(path)),
        [Checkpoint.single(weights(seed), {"seed": seed}) for seed in range(3)],
        lambda checkpoint: (as_lists(as_arrays(checkpoint)), dict(checkpoint.description)),
    ),
    ("array", lambda path: ArrayDataset(str(path)), [array(seed) for seed in range(3)], lambda loaded: loaded.tolist()),
]
of_each_kind = pytest.mark.parametrize("content", CONTENTS, ids=[name for name, *_ in CONTENTS])


class Killed(BaseException):
    """Nothing catches it, and nothing on the disk changes after it."""


class Stepper:
    """Counts the steps of a save that change the disk, and kills it before or after one of them."""

    def __init__(self, kill_at: int | None = None, after: bool = False) -> None:
        self.count, self._kill_at, self._after, self._dead = 0, kill_at, after, False

    def around(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **options: Any) -> Any:
            if self._dead:
                return None
            self.count += 1
            is_last = self.count == self._kill_at
            try:
                return change(*arguments, **options) if self._after or not is_last else None
            finally:
                if is_last:
                    self._dead = True
                    raise Killed

        return changed


@contextmanager
def killed(steps: Stepper) -> Iterator[Stepper]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", steps.around(lambda _: None))  # it takes long, and a kill loses nothing unsynced
        for owner, name in ((os, "replace"), (os, "unlink"), (os, "mkdir"), (Path, "write_text")):
            patch.setattr(owner, name, steps.around(getattr(owner, name)))
        with suppress(Killed):
            yield steps


def num_steps(dataset: Dataset, data: Any) -> int:
    with killed(Stepper()) as steps:
        dataset.save(data)
    return steps.count


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@of_each_kind
def test_what_was_saved_is_loaded_and_nothing_stands_beside_it(content: Content, tmp_path: Path) -> None:
    _, dataset_at, versions, comparable = content
    dataset = dataset_at(tmp_path / "new" / "file")
    for version in versions:
        dataset.save(version)
        assert comparable(dataset.load()) == comparable(version)
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [".seals", "file"]
        assert files_below(tmp_path) == ["file", "file.seal"]


@of_each_kind
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_save_killed_at_any_step_leaves_the_old_or_the_new(content: Content, tmp_path: Path, after: bool) -> None:
    _, dataset_at, versions, comparable = content
    old, new, _ = (comparable(version) for version in versions)
    total = num_steps(dataset_at(tmp_path / "counted"), versions[0])
    assert total >= 8
    found = []
    for step in range(1, total + 1):
        dataset = dataset_at(tmp_path / str(step))
        dataset.save(versions[0])
        with killed(Stepper(step, after)):
            dataset.save(versions[1])
        found.append(comparable(dataset.load()))
    assert found == sorted(found, key=lambda loaded: loaded == new)  # old up to some step, new from there on
    assert all(loaded in (old, new) for loaded in found)
    assert found[0] == old
    assert found[-1] == new


@of_each_kind
def test_every_file_and_each_folder_is_synced_before_the_next_step_counts_on_it(
    content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dataset_at, versions, _ = content
    events: list[str] = []
    rename = os.replace
    places = {"folder": tmp_path, "hidden": tmp_path / ".seals"}

    def note_sync(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        folder = [name for name, place in places.items() if place.is_dir() and place.stat().st_ino == inode]
        events.append(f"sync {(folder or [str(inode)])[0]}")

    def note_rename(source: Path, target: Path) -> None:
        was_synced = f"sync {source.stat().st_ino}" in events
        events.append(f"rename {Path(target).name}" if was_synced else f"{target} was not synced")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_rename)
    dataset_at(tmp_path / "file").save(versions[0])
    of_both, of_file, of_own = "rename file.seal", "rename file", "rename file.seal"
    assert [event for event in events if not event.removeprefix("sync ").isdecimal()] == [
        "sync folder", of_both, "sync hidden", of_file, "sync folder", of_own, "sync hidden",
    ]  # fmt: skip


@of_each_kind
def test_a_first_save_killed_at_any_step_leaves_nothing_or_the_whole(content: Content, tmp_path: Path) -> None:
    _, dataset_at, versions, comparable = content
    total = num_steps(dataset_at(tmp_path / "counted"), versions[0])
    outcomes = []
    for step in range(1, total + 1):
        dataset = dataset_at(tmp_path / str(step))
        with killed(Stepper(step)):
            dataset.save(versions[0])
        outcomes.append(dataset.exists())
        if dataset.exists():
            assert comparable(dataset.load()) == comparable(versions[0])
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


@pytest.mark.parametrize("content", CONTENTS[:1], ids=["table"])
def test_saves_killed_one_after_the_other_leave_one_of_the_versions(content: Content, tmp_path: Path) -> None:
    _, dataset_at, versions, comparable = content
    total = num_steps(dataset_at(tmp_path / "counted" / "file"), versions[0])
    known = [comparable(version) for version in versions]
    for first in range(1, total + 1):
        for second in range(1, total + 1):
            folder = tmp_path / f"{first}-{second}"
            shutil.copytree(tmp_path / "counted", folder)
            dataset = dataset_at(folder / "file")
            for version, step in ((versions[1], first), (versions[2], second)):
                with killed(Stepper(step)):
                    dataset.save(version)
            assert comparable(dataset.load()) in known


@of_each_kind
def test_a_save_after_a_killed_one_is_whole(content: Content, tmp_path: Path) -> None:
    _, dataset_at, versions, comparable = content
    dataset = dataset_at(tmp_path / "file")
    total = num_steps(dataset, versions[0])
    for step in range(1, total + 1):
        with killed(Stepper(step)):
            dataset.save(versions[1])
        dataset.save(versions[2])
        assert comparable(dataset.load()) == comparable(versions[2])


@of_each_kind
def test_a_flipped_bit_is_refused_wherever_it_is(content: Content, tmp_path: Path) -> None:
    _, dataset_at, versions, _ = content
    dataset = dataset_at(tmp_path / "file")
    dataset.save(versions[0])
    whole = (tmp_path / "file").read_bytes()
    for position in {0, len(whole) // 2, len(whole) - 1}:
        damaged = bytearray(whole)
        damaged[position] ^= 1
        (tmp_path / "file").write_bytes(damaged)
        with pytest.raises(DatasetError) as caught:
            dataset.load()
        assert isinstance(caught.value.__cause__, DataError)
        assert f"{tmp_path}/file is damaged" in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "{", "{}", '{"sha256": []}'])
def test_a_file_without_a_seal_is_refused_by_name(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "file"
    seal.write(path, lambda temporary: temporary.write_text("content") and None)
    notes.place_of(path, notes.SEAL).unlink()
    if text is not None:
        notes.place_of(path, notes.SEAL).write_text(text)
    with pytest.raises(DataError, match=f"{path} has no checksum in .seals beside it"):
        seal.check(path)


def test_what_was_copied_without_its_hidden_folder_is_not_called_damaged_but_to_be_copied_again(tmp_path: Path) -> None:
    seal.write(tmp_path / "file", lambda temporary: temporary.write_text("content") and None)
    copied = tmp_path / "copied"
    copied.mkdir()
    shutil.copyfile(tmp_path / "file", copied / "file")  # as cp FOLDER/* does
    with pytest.raises(DataError, match=r"the copy is not whole.*cp -r FOLDER, not FOLDER") as caught:
        seal.check(copied / "file")
    assert "delete" not in str(caught.value)
    shutil.copytree(tmp_path / ".seals", copied / ".seals")
    seal.check(copied / "file")


def test_a_file_that_is_not_there_is_not_said_to_lack_a_checksum(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{tmp_path}/file does not exist; if it was copied, copy its folder again"):
        seal.check(tmp_path / "file")


def test_a_copy_of_a_file_has_its_seal(tmp_path: Path) -> None:
    path, folder = tmp_path / "file", tmp_path / "copies"
    folder.mkdir()
    seal.write(path, lambda temporary: temporary.write_text("content") and None)
    seal.mark_finished(path, "these settings")
    seal.copy(path, folder)
    seal.check(folder / "file")
    assert (folder / "file").read_text() == "content"
    assert seal.read(folder / "file") == seal.read(path)


def test_a_file_that_does_not_exist_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"{tmp_path}/file does not exist; run the pipeline"):
        table_at(tmp_path / "file").load()


def test_a_failed_writer_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError("disk full")

    path = tmp_path / "file"
    seal.write(path, lambda temporary: temporary.write_text("old") and None)
    with pytest.raises(SystemEnvironmentError, match="disk full"):
        seal.write(path, fail)
    seal.check(path)
    assert path.read_text() == "old"
    assert files_below(tmp_path) == ["file", "file.seal"]


def test_a_new_version_is_not_finished_until_it_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for version in ("old", "new"):
        seal.write(path, lambda temporary, text=version: temporary.write_text(text) and None)
        assert "made_from" not in seal.read(path)
        seal.mark_finished(path, "these settings")
        assert seal.read(path)["made_from"] == "these settings"
        seal.check(path)


def test_the_seal_is_json_with_the_checksum_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seal.write(path, lambda temporary: temporary.write_bytes(b"") and None)
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # FIPS 180-4: of no bytes
    assert json.loads(notes.place_of(path, notes.SEAL).read_text()) == {"sha256": [nothing]}


def test_a_part_of_an_array_is_not_yet_the_array(tmp_path: Path) -> None:
    dataset = ArrayDataset(str(tmp_path / "file"))
    dataset.save(ArrayChunk(0, 4, np.zeros((2, 3))))
    assert not dataset.exists()
