"""Notes of files in their hidden folder, and those that earlier versions kept beside the files."""

import base64
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest

from apparel_eye.datasets import ArrayDataset, AtomicDataset, notes, seal

# as the version of commit 09778fc wrote them: a finished file, and two of three rows of an array
EARLIER = {
    "counts.json": b"[\n  3,\n  4\n]",
    "counts.json.seal": b'{"sha256": ["541e2339fb2819a9399e36e7f31c8908bc4378fd28543238d5857887a3dfc4e4"], '
    b'"made_from": "0123"}',
    "maps.npy.unfinished": base64.b64decode("k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwg")
    + b"'shape': (3, 2), }".ljust(76)
    + b"\n\x01\x02\x03\x04\x00\x00",
    "maps.npy.unfinished.rows": b"2 132 3d2b5c9944c143921137e513fc60237670d99b558c9e514b73323aa0429c866b\n",
    "small.safetensors.begun": b"{}",
}
NOTES = {"counts.json.seal", "maps.npy.unfinished.rows", "small.safetensors.begun"}


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A folder as the version before left it."""
    for name, content in EARLIER.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def counts_at(folder: Path) -> AtomicDataset:
    return AtomicDataset(str(folder / "counts.json"), {"type": "json.JSONDataset"})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_was_noted_is_read_and_stands_in_the_hidden_folder_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert notes.read(path, notes.BEGUN) == {}
    for note in ({"a": 1}, {"b": [2]}):
        notes.write(path, notes.BEGUN, json.dumps(note))
        assert notes.read(path, notes.BEGUN) == note
        assert notes.read(path, notes.SEAL) == {}
    assert names(tmp_path) == {".seals"}
    assert names(tmp_path / ".seals") == {"file.begun"}
    notes.remove(path, notes.BEGUN)
    assert notes.read(path, notes.BEGUN) == {}
    notes.remove(path, notes.BEGUN)


def test_files_of_an_earlier_version_are_loaded_without_a_change(earlier: Path) -> None:
    assert counts_at(earlier).load() == [3, 4]
    assert seal.read(earlier / "counts.json")["made_from"] == "0123"
    assert names(earlier) == set(EARLIER)


def test_files_of_an_earlier_version_are_loaded_where_nothing_can_be_written(
    open_folder: Path, nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    for name in ("counts.json", "counts.json.seal"):
        (open_folder / name).write_bytes(EARLIER[name])
    with nobody():
        with pytest.raises(PermissionError):
            (open_folder / "new").touch()
        assert counts_at(open_folder).load() == [3, 4]


def test_a_damaged_file_of_an_earlier_version_is_refused(earlier: Path) -> None:
    (earlier / "counts.json").write_bytes(EARLIER["counts.json"] + b" ")
    with pytest.raises(Exception, match="is damaged"):
        counts_at(earlier).load()


def test_notes_of_an_earlier_version_are_moved_in_once_and_say_what_they_said(earlier: Path) -> None:
    (earlier / ".12-counts.json.seal").write_text("half")
    (earlier / "folder.seal").mkdir()
    assert notes.move_in(earlier) == len(NOTES)
    assert names(earlier) == {"counts.json", "maps.npy.unfinished", ".seals", ".12-counts.json.seal", "folder.seal"}
    assert {path.name: path.read_bytes() for path in (earlier / ".seals").iterdir()} == {
        name: EARLIER[name] for name in NOTES
    }
    assert counts_at(earlier).load() == [3, 4]
    assert ArrayDataset(str(earlier / "maps.npy"), on_change="activations.on_change").earlier() == 2
    assert notes.move_in(earlier) == 0


def test_where_nothing_was_noted_no_folder_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert notes.move_in(tmp_path) == notes.move_in(tmp_path / "absent") == 0
    assert names(tmp_path) == {"file"}


def test_a_save_over_a_file_of_an_earlier_version_leaves_nothing_beside_it(earlier: Path) -> None:
    counts_at(earlier).save([5])
    assert counts_at(earlier).load() == [5]
    assert names(earlier) == {*EARLIER, ".seals"} - {"counts.json.seal"}


def test_what_an_earlier_version_noted_last_counts(earlier: Path) -> None:
    """Somebody went back to it for a while."""
    content = {name: (earlier / name).read_bytes() for name in ("counts.json", "counts.json.seal")}
    counts_at(earlier).save([5])
    for name, written in content.items():
        (earlier / name).write_bytes(written)
    assert counts_at(earlier).load() == [3, 4]
    assert notes.move_in(earlier) == len(NOTES)
    assert counts_at(earlier).load() == [3, 4]


def test_to_remove_a_file_leaves_no_note_of_it(earlier: Path) -> None:
    seal.remove(earlier / "counts.json")
    assert names(earlier) == set(EARLIER) - {"counts.json", "counts.json.seal"}


class Killed(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("name", ["replace", "mkdir", "fsync"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.fault(93)
def test_a_move_that_is_killed_loses_nothing(
    earlier: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: bool
) -> None:
    change, kills = getattr(os, name), 0

    def kill(*arguments: Any, **options: Any) -> None:
        if after:
            change(*arguments, **options)
        raise Killed

    for _ in range(3 if name == "replace" and after else 1):
        with monkeypatch.context() as patch, suppress(Killed):
            patch.setattr(os, name, kill)
            notes.move_in(earlier)
            continue
        kills += 1
        assert counts_at(earlier).load() == [3, 4]
    assert kills > 0
    notes.move_in(earlier)
    assert {path.name: path.read_bytes() for path in (earlier / ".seals").iterdir()} == {
        note: EARLIER[note] for note in NOTES
    }


def test_who_reads_while_a_run_moves_the_note_finds_it(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between any two looks of the reader."""
    looked, read_text = [], Path.read_text

    def move_first(path: Path, **options: Any) -> str:
        looked.append(path)
        if len(looked) == 1:
            notes.move_in(earlier)
        return read_text(path, **options)

    monkeypatch.setattr(Path, "read_text", move_first)
    assert seal.checksums_of(earlier / "counts.json") == json.loads(EARLIER["counts.json.seal"])["sha256"]
    assert len(looked) == 2
