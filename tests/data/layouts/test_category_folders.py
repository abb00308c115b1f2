import re
import unicodedata
from collections import Counter
from collections.abc import Callable

import pytest

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.data.layouts import COLUMNS, Layout
from apparel_eye.errors import DataError, UsageError

Read = Callable[..., Layout]
CONTROL = [chr(code) for code in (0x01, 0x07, 0x0A, 0x1B, 0x7F, 0x85, 0x2028)]


def photos(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "x")


def test_folders_of_a_dimension_get_all_its_values_in_its_order(lay_out: Read) -> None:
    names = ("Sleeveless/b.jpg", "3-4 Sleeves/a.JPG", "Sleeveless/a.png")
    layout = lay_out(photos(*(f"sleeve_length/{name}" for name in names)), "sleeve_length")
    assert layout.values == DIMENSIONS["sleeve_length"]
    assert list(layout.photos.columns) == COLUMNS
    assert layout.photos[["image_key", "value", "label_string", "role", "position"]].to_numpy().tolist() == [
        ["sleeve_length/3-4 Sleeves/a.JPG", "3/4 Sleeves", "nnnnnynnn", "labelled", 0],
        ["sleeve_length/Sleeveless/a.png", "Sleeveless", "nynnnnnnn", "labelled", 1],
        ["sleeve_length/Sleeveless/b.jpg", "Sleeveless", "nynnnnnnn", "labelled", 2],
    ]
    assert layout.notes == ()


@pytest.mark.fault(52)
@pytest.mark.parametrize("category", ["heel", "skirt_length"])
def test_own_folders_are_values_with_numbers_by_size(lay_out: Read, category: str) -> None:
    names = ("Short Length/1.jpg", "10/1.jpg", "None/1.webp", "2/1.jpg", "2/deep/2.jpg")
    layout = lay_out(photos(*(f"{category}/{name}" for name in names)), category)
    assert layout.values == ("2", "10", "None", "Short Length")
    assert dict(Counter(layout.photos["value"])) == {"10": 1, "2": 2, "None": 1, "Short Length": 1}
    assert dict(zip(layout.photos["value"], layout.photos["label_string"], strict=True)) == {
        "2": "ynnn",
        "10": "nynn",
        "None": "nnyn",
        "Short Length": "nnny",
    }


@pytest.mark.parametrize("place", ["ingest.labels.values", "heel/values.txt"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_values_come_in_the_order_in_which_they_are_listed(lay_out: Read, place: str, end: str) -> None:
    files, ingest = photos("heel/flat/1.jpg", "heel/1-2 high/1.jpg"), {}
    if place == "ingest.labels.values":
        ingest = {"values": ("flat", "1/2 high", "stiletto")}
    else:
        files[place] = "\ufeff" + end.join(["flat", "1/2 high", "", "stiletto"])
    layout = lay_out(files, "heel", **ingest)
    assert layout.values == ("flat", "1/2 high", "stiletto")
    assert layout.photos[["value", "label_string"]].to_numpy().tolist() == [["1/2 high", "nyn"], ["flat", "ynn"]]
    assert layout.notes == ()


def test_values_that_lack_a_folder_are_refused_with_what_they_lack(lay_out: Read) -> None:
    files = photos("heel/flat/1.jpg", "heel/high/1.jpg", "heel/low/1.jpg")
    with pytest.raises(DataError, match=r"ingest.labels.values lacks 2 of the 3 value folders of heel: 'high', 'low'"):
        lay_out(files, "heel", values=("flat",))
    with pytest.raises(DataError, match=r"heel/values.txt lacks 1 of the 3 value folders of heel: 'low'; add"):
        lay_out({**files, "heel/values.txt": "flat\nhigh\n"}, "heel")


@pytest.mark.parametrize("values", [("a", "a"), ("a", "A"), ("3/4", "3-4"), ("",), ("a ",), ("=a",)])
def test_listed_values_must_be_names_that_can_be_told_apart(lay_out: Read, values: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match=r"ingest.labels.values"):
        lay_out(photos("heel/a/1.jpg"), "heel", values=values)


@pytest.mark.fault(65)
def test_an_empty_value_folder_is_refused_or_noted_where_the_values_are_listed(lay_out: Read) -> None:
    files = {**photos("heel/flat/1.jpg", "heel/low/notes.txt"), "heel/high/": ""}
    with pytest.raises(DataError, match="2 value folders of heel have no photos: 'high', 'low'; add photos"):
        lay_out(files, "heel")
    layout = lay_out(files, "heel", values=("flat", "low", "high"))
    assert layout.values == ("flat", "low", "high")
    assert "2 value folders of heel have no photos: 'high', 'low'" in layout.notes


@pytest.mark.fault(38, 43, 44)
def test_what_is_passed_over_is_counted_with_an_example(lay_out: Read) -> None:
    junk = ("flat/._1.jpg", "flat/.DS_Store", ".hidden/1.jpg", "flat/.ipynb_checkpoints/1.jpg", "flat/Thumbs.db")
    other = ("flat/notes.txt", "flat/list.csv", "2.jpg", "flat/3.jpg/4.jpg", "flat/md5")
    layout = lay_out(photos("heel/flat/1.jpg", *(f"heel/{name}" for name in (*junk, *other))), "heel")
    assert layout.photos["image_key"].tolist() == ["heel/flat/1.jpg", "heel/flat/md5"]
    assert layout.values == ("flat",)
    assert set(layout.notes) == {
        "2 files have no suffix of a photo and are passed over, for example heel/flat/list.csv",
        "1 photos lie beside the value folders and are passed over, for example heel/2.jpg",
        "1 photos have no suffix; their content decides, for example heel/flat/md5",
        "4 passed over (hidden), for example heel/.hidden",
        "1 passed over (left by a desktop), for example heel/flat/Thumbs.db",
        "1 passed over (folder named like a photo), for example heel/flat/3.jpg",
    }


@pytest.mark.fault(51, 33, 12)
@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a", "a.jpg.png", "a.png.JpEg", "a.heic", "a.PSD", "a.ico", "a."])
def test_a_file_named_like_a_photo_of_any_format_is_a_photo(lay_out: Read, name: str) -> None:
    assert lay_out(photos(f"heel/flat/{name}"), "heel").photos["image_key"].tolist() == [f"heel/flat/{name}"]


@pytest.mark.fault(48, 49, 53)
def test_unusual_and_equal_file_names_are_kept(lay_out: Read) -> None:
    names = sorted(["a\nb.jpg", "a,b.jpg", 'a"b.jpg', "🧥.jpg", " a.jpg", "=1+1.jpg", "x" * 251 + ".jpg"])
    keys = [f"heel/{value}/{name}" for value in ("flat", "high") for name in names]
    assert lay_out(photos(*keys), "heel").photos["image_key"].tolist() == keys


@pytest.mark.fault(45)
def test_folders_that_differ_only_by_case_are_refused(lay_out: Read) -> None:
    with pytest.raises(DataError, match="value folder names 'Red' and 'red' differ only by upper and lower case; keep"):
        lay_out(photos("color/Red/1.jpg", "color/red/1.jpg"), "color")
    with pytest.raises(DataError, match="category names 'Heel' and 'heel' differ only by upper and lower case"):
        lay_out(photos("Heel/Red/1.jpg", "heel/red/1.jpg"), "heel")


@pytest.mark.fault(46)
def test_folders_that_look_the_same_are_refused_with_their_code_points(lay_out: Read) -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    message = re.escape(f"{decomposed!r} (U+0065 U+0301) and {composed!r} (U+00E9) look the same")
    with pytest.raises(DataError, match="value folder names " + message):
        lay_out(photos(f"color/{composed}/1.jpg", f"color/{decomposed}/1.jpg"), "color")
    with pytest.raises(DataError, match=r"category names .*\(U\+.*look the same"):
        lay_out(photos(f"{decomposed}/red/1.jpg"), composed)


@pytest.mark.fault(47, 90)
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " ", "\u00a0"])
def test_a_name_that_a_spreadsheet_takes_for_a_formula_is_refused(lay_out: Read, start: str) -> None:
    expected = re.escape(f"the value folder {start + 'red'!r} starts with {start!r}")
    with pytest.raises(DataError, match=expected + ".*rename it"):
        lay_out(photos(f"color/{start}red/1.jpg"), "color")
    with pytest.raises(DataError, match=re.escape(f"the category {start + 'color'!r} starts with")):
        lay_out(photos(f"{start}color/red/1.jpg"), start + "color")


@pytest.mark.fault(47, 90)
@pytest.mark.parametrize("name", ["red ", "red.", "red\u00a0", "re\\d", *(f"r{character}d" for character in CONTROL)])
def test_a_name_that_other_systems_change_is_refused_exactly_as_it_is(lay_out: Read, name: str) -> None:
    with pytest.raises(DataError, match=re.escape(f"the value folder {name!r} ") + "(ends with|holds).*rename it"):
        lay_out(photos(f"color/{name}/1.jpg"), "color")


@pytest.mark.fault(48)
def test_a_folder_name_that_is_not_utf_8_is_refused(lay_out: Read) -> None:
    with pytest.raises(DataError, match=r"'r\\\\xf6d' holds a backslash, which stands for a byte that is not UTF-8"):
        lay_out(photos("color/r\udcf6d/1.jpg"), "color")


@pytest.mark.fault(50)
@pytest.mark.parametrize("name", ["con", "NUL", "com1", "lpt9.x", "a:b", "a?", 'a"b', "a|b"])
def test_a_name_that_windows_does_not_allow_is_noted(lay_out: Read, name: str) -> None:
    layout = lay_out(photos(f"color/{name}/1.jpg", "color/console/1.jpg"), "color")
    assert layout.notes == (f"1 value folder names cannot be stored on Windows, for example {name!r}",)


@pytest.mark.parametrize("validation", ["validation", "val", "valid"])
def test_a_given_split_is_kept(lay_out: Read, validation: str) -> None:
    keys = ["test/heel/flat/1.jpg", "test/heel/9.jpg", "train/heel/flat/1.jpg", "train/heel/high/2.jpg"]
    layout = lay_out({**photos(*keys, f"{validation}/heel/high/1.jpg"), "train/heel/values.txt": "high\nflat"}, "heel")
    found = layout.photos.set_index("image_key")[["value", "label_string", "role", "split"]]
    assert found.T.to_dict("list") == {
        "train/heel/flat/1.jpg": ["flat", "ny", "labelled", "train"],
        "train/heel/high/2.jpg": ["high", "yn", "labelled", "train"],
        f"{validation}/heel/high/1.jpg": ["high", "yn", "labelled", "validation"],
        "test/heel/9.jpg": ["", "", "to predict", "test"],
        "test/heel/flat/1.jpg": ["flat", "ny", "to predict", "test"],
    }
    assert layout.notes == ()


@pytest.mark.fault(76)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_values_that_train_lacks_are_refused(lay_out: Read, split: str) -> None:
    files = photos("train/heel/flat/1.jpg", "train/heel/high/1.jpg", f"{split}/heel/hihg/1.jpg")
    with pytest.raises(
        DataError, match=f"1 value folders of {split} are not in train: 'hihg'; train has 'flat', 'high"
    ):
        lay_out(files, "heel")


def test_a_split_without_train_or_beside_plain_folders_is_refused(lay_out: Read) -> None:
    with pytest.raises(DataError, match=r"heel is in test/heel/ but not in train; add train/heel/<value>/<photo>"):
        lay_out(photos("test/heel/flat/1.jpg"), "heel")
    with pytest.raises(DataError, match=r"heel has value folders of its own and others in .*test/heel/; keep one"):
        lay_out(photos("heel/flat/1.jpg"), "heel")


@pytest.mark.parametrize("prefix", ["", "train/"])
def test_a_misspelt_category_brings_the_nearest(lay_out: Read, prefix: str) -> None:
    with pytest.raises(UsageError, match=r"'hel'.*hel/<value>/<photo>.*did you mean heel"):
        lay_out(photos(f"{prefix}heel/flat/1.jpg", f"{prefix}toe/open/1.jpg"), "hel")


@pytest.mark.parametrize(
    ("name", "found"), [("flat/1.jpg", "the folders flat"), ("1.jpg", "1 files, for example 1.jpg")]
)
def test_a_folder_of_another_layout_is_refused_with_what_it_holds(lay_out: Read, name: str, found: str) -> None:
    with pytest.raises(DataError, match=f"expected heel/<value>/<photo>.* or the FashionAI layout; .*neither.*{found}"):
        lay_out(photos(name), "heel")
