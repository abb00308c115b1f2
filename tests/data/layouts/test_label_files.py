import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apparel_eye.data.layouts.label_files import LabelRows, read_labels
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError

LABELS = "base/Annotations/label.csv"
HEADER = "path,dimension,label\n"
FORMULAS = ["=cmd/x.jpg", "+a/x.jpg", "-a/x.jpg", "@a/x.jpg", "\ta/x.jpg", " a/x.jpg", "\u00a0a/x.jpg", '"\ra/x.jpg"']
OUTSIDE = [
    "../../etc/passwd",
    "Images/../../x.jpg",
    "/etc/passwd",
    "Images/a\0.jpg",
    "Images\\a/b.jpg",
    "Images//a.jpg",
]
REUSED = settings(max_examples=60)
Read = Callable[[str | bytes], LabelRows]


def row(number: int | str, label: str = "nynnnn", category: str = "skirt_length") -> str:
    return f"Images/{category}_labels/{number}.jpg,{category}_labels,{label}\n"


def key(number: int | str) -> str:
    return f"base/Images/skirt_length_labels/{number}.jpg"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a label file, and read its rows of skirts."""
    (tmp_path / LABELS).parent.mkdir(parents=True)

    def write_and_read(text: str | bytes) -> LabelRows:
        (tmp_path / LABELS).write_bytes(text.encode() if isinstance(text, str) else text)
        return read_labels(RawFolder(tmp_path, ()), LABELS, "skirt_length")

    return write_and_read


def test_rows_of_the_category_are_read_and_all_dimensions_are_known(read: Read) -> None:
    rows = read(row(1) + row(9, "ynnnnnnn", "coat_length") + "\n" + row(2, "?"))
    assert rows == LabelRows([key(1), key(2)], ["nynnnn", "?"], [1, 4], {"skirt_length", "coat_length"})


@pytest.mark.fault(81)
@pytest.mark.parametrize("start", ["", HEADER, "\ufeff", "\ufeff" + HEADER, "\n \n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["end of line", "no end of line"])
def test_the_first_row_is_lost_to_no_header_mark_or_line_end(read: Read, start: str, end: str, is_whole: bool) -> None:
    text = (start + row(1) + row(2) + "\n" + row(3)).replace("\n", end)
    rows = read(text if is_whole else text.removesuffix(end))
    assert rows.image_keys == [key(1), key(2), key(3)]
    assert rows.labels == ["nynnnn"] * 3


@pytest.mark.fault(81)
def test_a_name_without_folder_in_the_first_row_is_no_header(read: Read) -> None:
    assert read("1.jpg,skirt_length_labels,nynnnn\n" + row(2)).image_keys == ["base/1.jpg", key(2)]


@pytest.mark.fault(82)
@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("latin-1", "Latin-1"), ("cp1252", "Lat")],
)
def test_a_label_file_that_is_not_utf_8_is_named_with_its_encoding(read: Read, encoding: str, named: str) -> None:
    with pytest.raises(DataError, match=f"{LABELS} is not UTF-8.*{named}.*save it as UTF-8"):
        read((row(1) + row("ü")).encode(encoding))


@pytest.mark.fault(83, 84)
@pytest.mark.parametrize("name", ["None", "NA", "null", "nan", "001", "1e5", "ü", "🧥", 'a"b'])
def test_names_stay_as_they_are_written(read: Read, name: str) -> None:
    assert read(row(name) + f"a/b,skirt_length_labels,{name}\n") == LabelRows(
        [key(name), "base/a/b"], ["nynnnn", name], [1, 2], {"skirt_length"}
    )


@pytest.mark.fault(48)
@REUSED
@given(names=st.lists(st.text(st.sampled_from('a,";\n\r é🧥'), max_size=8), min_size=1))
def test_any_name_that_the_csv_module_writes_is_read_again(read: Read, tmp_path: Path, names: list[str]) -> None:
    paths = [f"Images/x{name}.jpg" for name in names]
    with (tmp_path / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[path, "skirt_length_labels", "nynnnn"] for path in paths])
    assert read((tmp_path / "table.csv").read_bytes()).image_keys == [f"base/{path}" for path in paths]


@pytest.mark.fault(85)
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Images/2.jpg,skirt_length_labels", "has 2 columns"),
        ("Images/2.jpg,skirt_length_labels,nynnnn,1", "has 4 columns"),
        ("Images/2.jpg;skirt_length_labels;nynnnn", "has 1 columns.*separated by commas"),
        ('"Images/2.jpg,skirt_length_labels,nynnnn"', "has 1 columns"),
        (",,", "(has 3 columns|there is no dimension '')"),
        ("skirt_length_labels,Images/2.jpg,nynnnn", "in this order: path,dimension,label"),
        ("Images/2.jpg,nynnnn,skirt_length_labels", "in this order: path,dimension,label"),
    ],
)
def test_other_columns_are_refused_with_their_line(read: Read, line: str, found: str) -> None:
    with pytest.raises(DataError, match=rf"{LABELS}, line 2.*{found}"):
        read(row(1) + line)
    with pytest.raises(DataError, match=rf"{LABELS}, line 1.*{found}"):
        read(line + "\n" + row(1))


@pytest.mark.fault(85)
@pytest.mark.parametrize("header", ["path,dimension,path", "path;dimension;label", "path,label"])
def test_a_header_of_other_columns_is_refused(read: Read, header: str) -> None:
    with pytest.raises(DataError, match=rf"{LABELS}, line 1 has \d columns.*path,dimension,label"):
        read(header + "\n" + row(1))


@pytest.mark.fault(85)
def test_a_quote_that_is_never_closed_is_refused(read: Read) -> None:
    with pytest.raises(DataError, match=rf"{LABELS}, line 3 is no CSV.*close each quote"):
        read(row(1) + '"' + row(2) + row(3))


@pytest.mark.fault(74)
def test_a_dimension_that_does_not_exist_brings_the_nearest(read: Read) -> None:
    with pytest.raises(DataError, match=rf"{LABELS}, line 2: .*'skirt_lenght_labels'; did you mean skirt_length"):
        read(row(1) + row(2, category="skirt_lenght"))


@pytest.mark.fault(89, 90)
@pytest.mark.parametrize("path", [*OUTSIDE, *FORMULAS, "Images/..", "./x.jpg", "a/", "a/./b.jpg", ""])
def test_a_path_that_leads_out_of_the_folder_or_starts_a_formula_is_refused(read: Read, path: str) -> None:
    with pytest.raises(DataError, match=rf"{LABELS}, line \d names .*not safe"):
        read(row(1) + f"{path},skirt_length_labels,nynnnn\n")


@pytest.mark.fault(89)
@REUSED
@given(steps=st.lists(st.sampled_from(["..", ".", "a", "b.jpg", "", "...", "..a"]), min_size=2, max_size=5))
def test_a_path_is_refused_just_where_a_step_of_it_is_no_name(read: Read, steps: list[str]) -> None:
    text = f"{'/'.join(steps)},skirt_length_labels,nynnnn\n"
    if {"..", ".", ""} & set(steps):
        with pytest.raises(DataError, match="not safe"):
            read(text)
    else:
        assert read(text).image_keys == [f"base/{'/'.join(steps)}"]


@pytest.mark.fault(91)
@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n", HEADER])
def test_a_file_without_rows_is_refused(read: Read, text: str) -> None:
    with pytest.raises(DataError, match=f"{LABELS} has no rows"):
        read(text)
