from collections.abc import Callable

import pytest

from apparel_eye.data.layouts import Layout
from apparel_eye.errors import DataError

Read = Callable[..., Layout]
PHOTOS = {"heel/flat/1.jpg": "x", "heel/high/2.jpg": "xx"}


@pytest.mark.parametrize("header", ["", "image_key,text\n"])
@pytest.mark.parametrize(("file", "column"), [("groups.csv", "group"), ("domain.csv", "domain")])
def test_texts_of_photos_come_from_their_tables(lay_out: Read, file: str, column: str, header: str) -> None:
    layout = lay_out({**PHOTOS, file: header + "heel/high/2.jpg,007\nheel/high/2.jpg,007\n"}, "heel")
    assert layout.photos[column].tolist() == ["", "007"]
    assert layout.notes == ()


@pytest.mark.fault(64)
def test_without_tables_groups_and_domains_are_empty(lay_out: Read) -> None:
    layout = lay_out(PHOTOS, "heel")
    assert layout.photos[["group", "domain", "problem", "split"]].to_numpy().tolist() == [[""] * 4] * 2
    assert layout.photos["size"].tolist() == [1, 2]


def test_rows_that_name_no_file_are_counted(lay_out: Read) -> None:
    layout = lay_out({**PHOTOS, "groups.csv": "heel/flat/1.jpg,a\nheel/flat/3.jpg,b\nheel/4.jpg,\n"}, "heel")
    expected = "2 rows of groups.csv name no file below the raw folder, for example heel/flat/3.jpg"
    assert layout.notes == (expected,)


@pytest.mark.fault(85, 86, 90)
@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("heel/flat/1.jpg,b", "groups.csv, line 2: heel/flat/1.jpg is 'b', and 'a' before; keep one"),
        ("heel/flat/2.jpg,b,c", "groups.csv, line 2 has 3 columns, .*image_key,group"),
        ("heel/flat/2.jpg;b", "groups.csv, line 2 has 1 columns, .*separated by commas"),
        ("heel/flat/2.jpg,=1+1", "groups.csv, line 2: the group '=1\\+1' starts with '='"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_line(lay_out: Read, row: str, found: str) -> None:
    with pytest.raises(DataError, match=found):
        lay_out({**PHOTOS, "groups.csv": "heel/flat/1.jpg,a\n" + row}, "heel")


@pytest.mark.fault(69)
@pytest.mark.parametrize(("num_photos", "is_noted"), [(100, False), (101, True)])
def test_more_than_a_hundred_photos_to_one_are_noted(lay_out: Read, num_photos: int, is_noted: bool) -> None:
    many = {f"heel/flat/{number}.jpg": "" for number in range(num_photos)}
    notes = lay_out({**many, "heel/high/2.jpg": ""}, "heel").notes
    assert [note.split(":")[0] for note in notes] == [f"'flat' has {num_photos} labelled photos and 'high' only 1"][
        : int(is_noted)
    ]
