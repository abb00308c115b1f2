import os
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apparel_eye.data.raw_folder import RawFolder, scan_folder

ELSEWHERE = "link out of the folder; allow with --params follow_links=true"
LISTED = "link to a folder that is listed itself"


def write(root: Path, *keys: str) -> None:
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(key.encode())


def keys_below(root: Path, follow_links: bool = False) -> list[str]:
    return [file.key for file in scan_folder(root, follow_links=follow_links).files]


def problems_below(root: Path, follow_links: bool = False) -> dict[str, str]:
    return {file.key: file.problem for file in scan_folder(root, follow_links=follow_links).files}


def test_files_are_listed_by_key_in_order_with_their_sizes_and_times(tmp_path: Path) -> None:
    write(tmp_path, "b/2.jpg", "a.csv", "b/10.jpg", "b/c/1.jpg", "b.jpg")
    os.utime(tmp_path / "a.csv", ns=(7, 7))
    folder = scan_folder(tmp_path)
    assert [(file.key, file.size, file.problem) for file in folder.files] == [
        ("a.csv", 5, ""),
        ("b.jpg", 5, ""),
        ("b/10.jpg", 8, ""),
        ("b/2.jpg", 7, ""),
        ("b/c/1.jpg", 9, ""),
    ]
    assert folder.files[0].modified == 7
    assert folder.folders == ("b", "b/c")
    assert folder.passed == ()


def test_empty_folders_are_listed(tmp_path: Path) -> None:
    (tmp_path / "heel" / "flat").mkdir(parents=True)
    assert scan_folder(tmp_path).folders == ("heel", "heel/flat")


@pytest.mark.fault(38)
def test_a_folder_named_like_a_photo_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "a/x.jpg/1.jpg", "a/X.JPEG/1.jpg", "a/v1.5/1.jpg")
    folder = scan_folder(tmp_path)
    assert [file.key for file in folder.files] == ["a/v1.5/1.jpg"]
    assert folder.passed == (("a/X.JPEG", "folder named like a photo"), ("a/x.jpg", "folder named like a photo"))


@pytest.mark.fault(39)
@pytest.mark.parametrize("target", ["nowhere", "link.jpg", "kept.jpg/below", "/nowhere/else"])
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, target: str) -> None:
    write(tmp_path, "kept.jpg")
    (tmp_path / "link.jpg").symlink_to(target)
    for follow_links in (False, True):
        assert problems_below(tmp_path, follow_links) == {"kept.jpg": "", "link.jpg": "broken link"}


@pytest.mark.fault(40)
@pytest.mark.parametrize("follow_links", [False, True])
def test_each_real_file_is_listed_once_where_links_make_loops(tmp_path: Path, follow_links: bool) -> None:
    root = tmp_path / "raw"
    write(root, "a/1.jpg", "b/2.jpg")
    for link, target in {"a/up": "..", "a/other": "../b", "b/other": "../a", "self": ".", "above": "../.."}.items():
        (root / link).symlink_to(target, target_is_directory=True)
    folder = scan_folder(root, follow_links=follow_links)
    assert [file.key for file in folder.files if not file.key.startswith("above/")] == ["a/1.jpg", "b/2.jpg"]
    inside = {("a/other", LISTED), ("a/up", LISTED), ("b/other", LISTED), ("self", LISTED)}
    assert set(folder.passed) >= inside
    if not follow_links:
        assert set(folder.passed) == inside | {("above", ELSEWHERE)}


@pytest.mark.fault(41)
def test_links_lead_out_of_the_folder_only_where_that_is_allowed(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    write(root, "a/1.jpg")
    write(tmp_path / "outside", "2.jpg", "deep/3.jpg")
    (root / "file.jpg").symlink_to(tmp_path / "outside" / "2.jpg")
    (root / "near.jpg").symlink_to("a/1.jpg")
    (root / "x").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "y").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "outside" / "back").symlink_to(root, target_is_directory=True)
    folder = scan_folder(root)
    assert problems_below(root) == {"a/1.jpg": "", "file.jpg": "outside root", "near.jpg": ""}
    assert folder.passed == (("x", ELSEWHERE), ("y", ELSEWHERE))
    assert folder.folders == ("a",)
    followed = scan_folder(root, follow_links=True)
    assert set(problems_below(root, follow_links=True).values()) == {""}
    assert [file.key for file in followed.files] == ["a/1.jpg", "file.jpg", "near.jpg", "x/2.jpg", "x/deep/3.jpg"]
    assert followed.passed == (("x/back", LISTED), ("y", LISTED))
    assert [followed.read(key) for key in ("file.jpg", "near.jpg", "x/deep/3.jpg")] == [
        b"2.jpg",
        b"a/1.jpg",
        b"deep/3.jpg",
    ]
    assert folder.read("near.jpg") == b"a/1.jpg"


@pytest.mark.fault(43, 44)
def test_hidden_files_and_what_desktops_leave_behind_are_passed_over(tmp_path: Path) -> None:
    hidden = ["._kept.jpg", ".DS_Store", ".cache/x.jpg", "a/.ipynb_checkpoints/kept.jpg"]
    left = ["Thumbs.db", "desktop.ini", "a/THUMBS.DB", "__MACOSX/a/1.jpg"]
    write(tmp_path, "kept.jpg", *hidden, *left)
    folder = scan_folder(tmp_path)
    assert [file.key for file in folder.files] == ["kept.jpg"]
    assert folder.folders == ("a",)
    assert sorted(why for _, why in folder.passed) == ["hidden"] * 4 + ["left by a desktop"] * 4


@pytest.mark.fault(48)
def test_a_name_that_is_not_utf_8_is_escaped_and_named(tmp_path: Path) -> None:
    for name in (b"caf\xe9.jpg", b"d\xff/ok.jpg", "café.jpg".encode(), b"ok.jpg"):
        path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))  # noqa: PTH118
        write(path.parent, path.name) if path.name.isascii() else (path.parent / path.name).write_bytes(b"x")
    assert problems_below(tmp_path) == {
        "caf\\xe9.jpg": "name is not UTF-8",
        "café.jpg": "",
        "d\\xff/ok.jpg": "name is not UTF-8",
        "ok.jpg": "",
    }
    for key in [*problems_below(tmp_path), *scan_folder(tmp_path).folders]:
        key.encode("utf-8")
    with pytest.raises(FileNotFoundError):
        RawFolder(tmp_path, ()).read("caf\\xe9.jpg")


@pytest.mark.fault(48)
@settings(max_examples=60)
@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_a_file_of_any_name_is_listed_and_read_under_its_name(name: str) -> None:
    root = Path(mkdtemp())
    try:
        write(root, f"a/x{name}")
        (file,) = scan_folder(root).files
        assert (file.key, file.problem) == (f"a/x{name}", "")
        assert RawFolder(root, ()).read(file.key) == f"a/x{name}".encode()
    finally:
        rmtree(root)


@pytest.mark.fault(49)
def test_long_names_work_and_paths_that_are_too_long_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "n" * 251 + ".jpg")
    start = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(20):  # 20 names of 250 characters are more than the 4,096 that a path may have
            Path("d" * 250).mkdir()
            os.chdir("d" * 250)
            Path("1.jpg").write_bytes(b"")
    finally:
        os.chdir(start)
    folder = scan_folder(tmp_path)
    assert len(folder.files) >= 15
    assert all(len(file.key) < 4096 for file in folder.files)
    assert [why for _, why in folder.passed] == ["path too long"]


@pytest.mark.fault(54)
def test_twenty_folders_deep_is_not_too_deep(tmp_path: Path) -> None:
    key = "/".join(map(str, range(20))) + "/1.jpg"
    write(tmp_path, key)
    assert keys_below(tmp_path) == [key]
    assert len(scan_folder(tmp_path).folders) == 20


@pytest.mark.fault(54)
def test_many_files_in_many_folders_take_little_time_and_memory(tmp_path: Path) -> None:
    num_files = 5_000
    for number in range(num_files):
        if number % 10 == 0:
            folder = tmp_path / f"{number:05}"
            folder.mkdir()
        os.close(os.open(f"{folder}/{number:032x}.jpg", os.O_CREAT | os.O_WRONLY))
    calls: Counter[str] = Counter()
    sys.setprofile(lambda frame, event, argument: calls.update([event]))
    listed = scan_folder(tmp_path)
    sys.setprofile(None)
    assert len(listed.files) == num_files
    assert calls["call"] + calls["c_call"] < 40 * num_files
    tracemalloc.start()
    try:
        listed = scan_folder(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 500 * num_files
        assert len(listed.folders) == num_files // 10
    finally:
        tracemalloc.stop()
