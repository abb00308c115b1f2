import os
from collections.abc import Callable
from pathlib import Path

import pytest
from kedro.io.core import DatasetError

from apparel_eye.datasets import PhotoFolderDataset, RawFolderDataset
from apparel_eye.errors import DataError


def rewrite(root: Path) -> None:
    (root / "a" / "1.jpg").write_bytes(b"longer")


def touch(root: Path) -> None:
    os.utime(root / "a" / "1.jpg", ns=(1, 1))


def rename(root: Path) -> None:
    (root / "a" / "1.jpg").rename(root / "a" / "2.jpg")


def replace_by_pipe(root: Path) -> None:
    (root / "a" / "1.jpg").unlink()
    os.mkfifo(root / "a" / "1.jpg")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a folder added": lambda root: (root / "b").mkdir(),
    "a link that leads nowhere": lambda root: (root / "b.jpg").symlink_to("nowhere"),
    "replaced by a pipe": replace_by_pipe,
    "added": lambda root: (root / "b.jpg").write_bytes(b""),
    "removed": lambda root: (root / "a" / "1.jpg").unlink(),
    "longer": rewrite,
    "later": touch,
    "renamed": rename,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "raw" / "a").mkdir(parents=True)
    (tmp_path / "raw" / "a" / "1.jpg").write_bytes(b"1")
    return tmp_path / "raw"


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_added_removed_or_written_to_changes_the_raw_folder(root: Path, change: str) -> None:
    raw, photos = RawFolderDataset(str(root)), PhotoFolderDataset(str(root))
    before = raw.fingerprint(), photos.fingerprint()
    assert raw.fingerprint() == before[0]
    CHANGES[change](root)
    assert raw.fingerprint() != before[0]
    assert photos.fingerprint() == before[1]  # the manifest tells, by checksums


def test_hidden_files_do_not_change_the_raw_folder(root: Path) -> None:
    before = RawFolderDataset(str(root)).fingerprint()
    (root / ".DS_Store").write_bytes(b"x")
    assert RawFolderDataset(str(root)).fingerprint() == before


def test_the_raw_folder_lists_its_files_and_photos_are_read_by_key(root: Path) -> None:
    assert [file.key for file in RawFolderDataset(str(root)).load().files] == ["a/1.jpg"]
    photos = PhotoFolderDataset(str(root)).load()
    assert photos.files == ()
    assert photos.read("a/1.jpg") == b"1"


@pytest.mark.fault(41)
def test_links_that_lead_out_are_followed_only_where_that_is_allowed(root: Path) -> None:
    (root.parent / "2.jpg").write_bytes(b"2")
    (root / "2.jpg").symlink_to("../2.jpg")
    refused, allowed = (RawFolderDataset(str(root), follow_links=follow_links) for follow_links in (False, True))
    assert [file.problem for file in refused.load().files] == ["outside root", ""]
    assert [file.problem for file in allowed.load().files] == ["", ""]
    assert refused.fingerprint() != allowed.fingerprint()
    with pytest.raises(PermissionError, match="follow_links"):
        PhotoFolderDataset(str(root)).load().read("2.jpg")
    assert PhotoFolderDataset(str(root), follow_links=True).load().read("2.jpg") == b"2"


@pytest.mark.fault(59)
@pytest.mark.parametrize("written", ["~/raw", "$RAW_ROOT/raw", "${RAW_ROOT}/raw"])
def test_home_and_variables_in_the_path_are_filled_in(
    root: Path, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.setenv("RAW_ROOT", str(root.parent))
    assert RawFolderDataset(written).load().root == root


@pytest.mark.fault(58)
def test_a_missing_folder_is_refused_in_our_words(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"{tmp_path}/raw does not exist") as caught:
        RawFolderDataset(str(tmp_path / "raw")).load()
    assert isinstance(caught.value.__cause__, DataError)


@pytest.mark.parametrize("dataset_class", [RawFolderDataset, PhotoFolderDataset])
def test_nothing_is_written_into_the_raw_folder(root: Path, dataset_class: type[RawFolderDataset]) -> None:
    with pytest.raises(DatasetError, match="only read"):
        dataset_class(str(root)).save("anything")  # type: ignore[arg-type]
    assert [path.name for path in root.rglob("*.*")] == ["1.jpg"]
