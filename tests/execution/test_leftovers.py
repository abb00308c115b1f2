import os
from pathlib import Path

import pytest

from apparel_eye.datasets import ArrayDataset, AtomicDataset, CheckpointDataset
from apparel_eye.datasets.temporary import temporary_of
from apparel_eye.execution.leftovers import remove_leftovers


@pytest.mark.fault(93)
def test_only_what_a_killed_save_left_is_removed(tmp_path: Path) -> None:
    datasets = [
        AtomicDataset(str(tmp_path / "table.csv"), {"type": "pandas.CSVDataset"}),
        ArrayDataset(str(tmp_path / "array.npy")),
        CheckpointDataset(str(tmp_path / "small.safetensors")),
    ]
    left = [
        ".12-table.csv", ".seals/.12-table.csv.seal", "array.npy.part", ".seals/.7-small.before.safetensors.seal",
        ".seals/.7-small.safetensors.begun",
    ]  # fmt: skip
    kept = [
        "table.csv", ".seals/table.csv.seal", "small.before.safetensors", ".seals/small.safetensors.begun", ".hidden",
        "other.npy.part", ".12-other.csv", ".x-table.csv", ".12-table.csv2", "notes", ".seals/.12-other.csv.seal",
    ]  # fmt: skip
    (tmp_path / ".seals").mkdir()
    for name in left + kept:
        (tmp_path / name).write_text("x")
    (tmp_path / ".12-small.safetensors.parts").mkdir()
    (tmp_path / ".12-small.safetensors.parts" / ".tmp3f").write_text("x")
    remove_leftovers(path for dataset in datasets for path in dataset.files)
    found = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(found) == sorted(kept)


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path: Path) -> None:
    remove_leftovers([tmp_path / "absent" / "file"])
    assert list(tmp_path.iterdir()) == []


def test_temporary_names_of_this_process_are_leftovers_to_the_next(tmp_path: Path) -> None:
    temporary = temporary_of(tmp_path / "file")
    assert str(os.getpid()) in temporary.name
    temporary.write_text("half")
    remove_leftovers([tmp_path / "file"])
    assert list(tmp_path.iterdir()) == []
