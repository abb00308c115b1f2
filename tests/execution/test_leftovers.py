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


@pytest.mark.parametrize(
    ("name", "is_removed"), [("table.parquet.parts", True), ("other.parquet.parts", False), ("table.parquet", False)]
)
def test_parts_of_a_table_of_an_earlier_version_are_removed_and_said_to_be_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, is_removed: bool
) -> None:
    caplog.set_level("INFO")
    (tmp_path / name / ".seals").mkdir(parents=True)
    (tmp_path / name / "000000000000.parquet").write_text("rows")
    remove_leftovers([tmp_path / "table.parquet"])
    assert (tmp_path / name).exists() == (not is_removed)
    assert (
        caplog.messages
        == [f"{tmp_path}/{name}, rows of a table that an earlier version did not finish, is removed: made anew"]
        * is_removed
    )


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path: Path) -> None:
    remove_leftovers([tmp_path / "absent" / "file"])
    assert list(tmp_path.iterdir()) == []


def test_temporary_names_of_this_process_are_leftovers_to_the_next(tmp_path: Path) -> None:
    temporary = temporary_of(tmp_path / "file")
    assert str(os.getpid()) in temporary.name
    temporary.write_text("half")
    remove_leftovers([tmp_path / "file"])
    assert list(tmp_path.iterdir()) == []
