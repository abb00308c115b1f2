import os
from pathlib import Path

import pytest

from apparel_eye.errors import DataError
from apparel_eye.raw_folder import RawFolder, list_files


def write(root: Path, *keys: str) -> None:
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(key.encode())


def keys_below(root: Path) -> list[str]:
    return [file.key for file in list_files(root)]


def test_files_are_listed_by_key_in_order_with_their_sizes(tmp_path: Path) -> None:
    write(tmp_path, "b/2.jpg", "a.csv", "b/10.jpg", "b/c/1.jpg")
    assert [(file.key, file.size) for file in list_files(tmp_path)] == [
        ("a.csv", 5),
        ("b/10.jpg", 8),
        ("b/2.jpg", 7),
        ("b/c/1.jpg", 9),
    ]


def test_hidden_files_and_what_desktops_leave_behind_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "kept.jpg", "._kept.jpg", ".DS_Store", ".cache/x.jpg", "Thumbs.db", "desktop.ini")
    assert keys_below(tmp_path) == ["kept.jpg"]


def test_links_and_pipes_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "kept.jpg")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "linked.jpg").symlink_to("/etc/hostname")
    (tmp_path / "broken.jpg").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert keys_below(tmp_path) == ["kept.jpg"]


def test_a_linked_raw_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path / "disk", "a.jpg")
    (tmp_path / "raw").symlink_to(tmp_path / "disk", target_is_directory=True)
    assert keys_below(tmp_path / "raw") == ["a.jpg"]


def test_a_missing_folder_is_named_in_full_with_the_parameter_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"{tmp_path}/photos does not exist.*raw=FOLDER"):
        list_files(Path("photos"))


def test_a_file_is_no_raw_folder(tmp_path: Path) -> None:
    write(tmp_path, "photos")
    with pytest.raises(DataError, match=f"{tmp_path}/photos is a file"):
        list_files(tmp_path / "photos")


def test_a_file_is_read_by_its_key(tmp_path: Path) -> None:
    write(tmp_path, "a/b.jpg")
    assert RawFolder(tmp_path, ()).read("a/b.jpg") == b"a/b.jpg"
