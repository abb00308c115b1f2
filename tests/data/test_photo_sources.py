import os
from pathlib import Path

import pytest

from apparel_eye.data.photo_sources import list_photos, open_photos
from apparel_eye.errors import DataError, UsageError

NAMES = ("b c.jpg", "\u00e9t\u00e9.png", "sub/a=1,2.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(name.encode())
    return tmp_path / "photos"


def contents(place: Path, column: str = "") -> list[str]:
    source = open_photos(place, column)
    assert all(not file.problem for file in source.files)
    return [source.read(file.key).decode() for file in source.files]


def test_a_folder_has_all_files_below_it(folder: Path) -> None:
    assert contents(folder) == sorted(NAMES)


def test_a_file_is_itself(folder: Path) -> None:
    assert [contents(folder / name) for name in NAMES] == [[name] for name in NAMES]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_list_names_photos_in_its_order_from_its_own_folder_on(folder: Path, ending: str, mark: bytes) -> None:
    listed = [NAMES[2], str(folder / NAMES[0]), NAMES[1], NAMES[2]]
    (folder / "list.txt").write_bytes(mark + ending.join(["", *listed, ""]).encode())
    assert contents(folder / "list.txt") == [NAMES[2], NAMES[0], NAMES[1], NAMES[2]]


@pytest.mark.parametrize(("name", "separator"), [("table.csv", ","), ("table.tsv", "\t")])
def test_a_column_of_a_table_names_photos(folder: Path, name: str, separator: str) -> None:
    rows = [["number", "Path"], *(["1", f'"{photo}"'] for photo in NAMES)]
    (folder / name).write_text("\n".join(separator.join(row) for row in rows))
    assert contents(folder / name) == list(NAMES)
    assert contents(folder / name, "Path") == list(NAMES)


def test_a_column_that_is_not_there_is_refused_with_those_that_are(folder: Path) -> None:
    (folder / "table.csv").write_text("number,picture\n1,b c.jpg\n")
    with pytest.raises(UsageError, match=r"columns number, picture; .* photos_column=NAME"):
        open_photos(folder / "table.csv")
    with pytest.raises(UsageError, match=r"'pictures', .*did you mean picture\?"):
        open_photos(folder / "table.csv", "pictures")
    assert contents(folder / "table.csv", "picture") == ["b c.jpg"]


def test_photos_that_cannot_be_read_keep_their_place_and_say_why(folder: Path) -> None:
    os.mkfifo(folder / "pipe.jpg")
    source = list_photos(["gone.jpg", NAMES[0], "sub", "pipe.jpg", "a\0b"], folder, "they")
    problems = [file.problem for file in source.files]
    assert problems[:4] == ["there is no such file", "", "not a regular file", "not a regular file"]
    assert "null byte" in problems[4]
    with pytest.raises(OSError, match="not a regular file"):
        source.read("pipe.jpg")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.txt", b"", "names no photo"),
        ("list.txt", b"\n \n", "names no photo"),
        ("list.txt", b"\xff\xfea", "not UTF-8"),
        ("table.csv", b"", "no table"),
        ("table.csv", b"photo\n", "names no photo"),
        ("table.csv", b"photo\n\xff.jpg\n", "no table of UTF-8"),
    ],
)
def test_a_list_without_photos_is_refused_by_name(folder: Path, name: str, content: bytes, said: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}.*{said}"):
        open_photos(folder / name)


def test_a_place_that_does_not_exist_is_refused_with_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the photos folder .*gone does not exist; .*--params photos=FOLDER"):
        open_photos(tmp_path / "gone")
