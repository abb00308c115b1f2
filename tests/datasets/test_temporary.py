import os
from pathlib import Path

import pytest

from apparel_eye.datasets.temporary import discard, sync, temporary_of


def test_a_temporary_file_stands_in_the_same_folder_and_belongs_to_this_process(tmp_path: Path) -> None:
    temporary = temporary_of(tmp_path / "table.csv")
    assert temporary == tmp_path / f".{os.getpid()}-table.csv"


def test_what_is_discarded_is_gone_and_need_not_be_there(tmp_path: Path) -> None:
    (tmp_path / "half").touch()
    for _ in range(2):
        discard(tmp_path / "half")
        assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_discarded_stays(tmp_path: Path) -> None:
    discard(tmp_path)
    assert tmp_path.is_dir()


@pytest.mark.parametrize("name", ["file", "."])
def test_the_disk_is_asked_to_keep_the_file_or_the_folder(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    sync(tmp_path / name)
    assert synced == [(tmp_path / name).stat().st_ino]
