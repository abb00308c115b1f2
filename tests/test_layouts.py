import csv
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.errors import DataError
from apparel_eye.layouts import COLUMNS, read_layout
from apparel_eye.raw_folder import RawFolder, list_files

LABELS = "base/Annotations/label.csv"
HEADER = "path,dimension,label\n"


def row(number: int, label: str = "nynnnn", category: str = "skirt_length") -> str:
    return f"Images/{category}_labels/{number}.jpg,{category}_labels,{label}\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())


def read(root: Path, category: str = "skirt_length") -> tuple[pd.DataFrame, tuple[str, ...]]:
    return read_layout(RawFolder(root, list_files(root)), category)


def test_rows_of_the_category_in_all_parts_are_counted(tmp_path: Path) -> None:
    coat = row(9, "ynnnnnnn", "coat_length")
    write(
        tmp_path,
        {
            LABELS: row(1) + coat + row(2, "ynnnnn") + row(3),
            "web/Annotations/skirt_length_labels.csv": row(1, "nnnnny") + row(2),
            "rank/Tests/question.csv": row(7, "?") + row(5, "?") + row(9, "?", "coat_length"),
            "z_rank/Tests/question.csv": row(6, "?"),
        },
    )
    photos, values = read(tmp_path)
    folder = "Images/skirt_length_labels"
    assert list(photos.columns) == COLUMNS
    assert photos[["image_key", "value", "role"]].to_numpy().tolist() == [
        [f"base/{folder}/1.jpg", "Short Length", "labelled"],
        [f"base/{folder}/2.jpg", "Invisible", "labelled"],
        [f"base/{folder}/3.jpg", "Short Length", "labelled"],
        [f"web/{folder}/1.jpg", "Floor Length", "labelled"],
        [f"web/{folder}/2.jpg", "Short Length", "labelled"],
        [f"rank/{folder}/7.jpg", "", "to predict"],
        [f"rank/{folder}/5.jpg", "", "to predict"],
        [f"z_rank/{folder}/6.jpg", "", "to predict"],
    ]
    assert values == DIMENSIONS["skirt_length"]


@pytest.mark.parametrize("start", ["", HEADER, "\ufeff", "\ufeff" + HEADER])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["end of line", "no end of line"])
def test_the_first_row_is_lost_to_no_header_mark_or_line_end(
    tmp_path: Path, start: str, end: str, is_whole: bool
) -> None:
    text = (start + row(1) + row(2) + row(3)).replace("\n", end)
    write(tmp_path, {LABELS: text if is_whole else text.removesuffix(end)})
    photos, _ = read(tmp_path)
    assert photos["image_key"].tolist() == [f"base/Images/skirt_length_labels/{number}.jpg" for number in (1, 2, 3)]
    assert photos["label_string"].tolist() == ["nynnnn"] * 3


@pytest.mark.parametrize("label", ["nynnn", "nynnnnn", "nnnnnn", "nyynnn", "nynnnx", "nYnnnn", "?", "", "nymnn "])
def test_a_label_that_is_not_one_y_among_n_and_m_is_refused_with_its_file_and_photo(tmp_path: Path, label: str) -> None:
    write(tmp_path, {LABELS: row(1) + row(2, label)})
    where = re.escape(f"{LABELS}, base/Images/skirt_length_labels/2.jpg: the label is {label!r}")
    with pytest.raises(DataError, match=where + ".*6 characters, one y.*nnnnny"):
        read(tmp_path)


def test_a_maybe_stays_in_the_label(tmp_path: Path) -> None:
    write(tmp_path, {LABELS: row(1, "nymnnn")})
    assert read(tmp_path)[0][["value", "label_string"]].to_numpy().tolist() == [["Short Length", "nymnnn"]]


@pytest.mark.parametrize("path", ["../../etc/passwd", "Images/../../x.jpg", "/etc/passwd", "Images/a\0.jpg"])
def test_a_path_that_leads_out_of_the_folder_is_refused_with_its_line(tmp_path: Path, path: str) -> None:
    write(tmp_path, {LABELS: row(1) + f"{path},skirt_length_labels,nynnnn\n"})
    with pytest.raises(DataError, match=f"{LABELS}, line 2"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["Images/a.jpg,skirt_length_labels\n", "Images/a.jpg;skirt_length_labels;nynnnn\n"])
def test_a_row_of_other_than_three_columns_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    write(tmp_path, {LABELS: row(1) + text})
    with pytest.raises(DataError, match=rf"{LABELS}, line 2 has \d columns; expected path,dimension,label"):
        read(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_label_file_that_is_not_utf_8_is_named(tmp_path: Path, encoding: str) -> None:
    write(tmp_path, {LABELS: ""})
    (tmp_path / LABELS).write_bytes((row(1) + row(2).replace("2.jpg", "ü.jpg")).encode(encoding))
    with pytest.raises(DataError, match=f"{LABELS} is not UTF-8"):
        read(tmp_path)


def test_an_unknown_dimension_brings_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, {LABELS: row(1)})
    with pytest.raises(DataError, match=r"'skirt_lenght'.*did you mean skirt_length"):
        read(tmp_path, "skirt_lenght")


def test_a_dimension_without_rows_is_refused_with_the_files_looked_into(tmp_path: Path) -> None:
    write(tmp_path, {LABELS: HEADER + row(1), "rank/Tests/question.csv": row(1, "?", "coat_length")})
    with pytest.raises(DataError, match=f"coat_length_labels; looked in {LABELS}"):
        read(tmp_path, "coat_length")


def test_folders_of_a_dimension_get_all_its_values_in_its_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        {f"sleeve_length/{name}": "" for name in ("Sleeveless/b.jpg", "3-4 Sleeves/a.JPG", "Sleeveless/a.png")},
    )
    photos, values = read(tmp_path, "sleeve_length")
    assert values == DIMENSIONS["sleeve_length"]
    assert photos[["image_key", "value", "label_string", "role"]].to_numpy().tolist() == [
        ["sleeve_length/3-4 Sleeves/a.JPG", "3/4 Sleeves", "nnnnnynnn", "labelled"],
        ["sleeve_length/Sleeveless/a.png", "Sleeveless", "nynnnnnnn", "labelled"],
        ["sleeve_length/Sleeveless/b.jpg", "Sleeveless", "nynnnnnnn", "labelled"],
    ]


@pytest.mark.parametrize("category", ["heel", "skirt_length"])
def test_own_folders_are_values_in_alphabetical_order(tmp_path: Path, category: str) -> None:
    names = ("Short Length/1.jpg", "10/1.jpg", "None/1.webp", "2/1.jpg", "2/deep/2.jpg")
    write(tmp_path, {f"{category}/{name}": "" for name in names})
    photos, values = read(tmp_path, category)
    assert values == ("10", "2", "None", "Short Length")
    assert dict(Counter(photos["value"])) == {"10": 1, "2": 2, "None": 1, "Short Length": 1}
    assert set(photos["label_string"]) == {"ynnn", "nynn", "nnyn", "nnny"}


def test_of_plain_folders_only_photos_in_value_folders_count(tmp_path: Path) -> None:
    write(tmp_path, {f"heel/{name}": "" for name in ("flat/1.jpg", "flat/notes.txt", "2.jpg")} | {"3.jpg": ""})
    assert read(tmp_path, "heel")[0]["image_key"].tolist() == ["heel/flat/1.jpg"]


def test_an_unknown_folder_brings_the_folders_there_are(tmp_path: Path) -> None:
    write(tmp_path, {"heel/flat/1.jpg": "", "toe/open/1.jpg": ""})
    with pytest.raises(DataError, match=r"'hel'.*hel/<value>/<photo>.*the categories heel, toe"):
        read(tmp_path, "hel")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{tmp_path} has no photos .*found neither"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("category", "num_labelled", "num_questions"),
    [("skirt_length", 306, 103), ("coat_length", 305, 111), ("pant_length", 704, 240), ("sleeve_length", 770, 248)],
)
def test_streetwear_photos_are_counted_as_its_description_says(
    shared_photos: Path, category: str, num_labelled: int, num_questions: int
) -> None:
    photos, _ = read(shared_photos, category)
    assert photos["role"].value_counts().to_dict() == {"labelled": num_labelled, "to predict": num_questions}
    with (shared_photos / "rank" / "Tests" / "question.csv").open(newline="") as file:
        asked = [f"rank/{path}" for path, dimension, _ in csv.reader(file) if dimension == f"{category}_labels"]
    assert photos.loc[photos["role"] == "to predict", "image_key"].tolist() == asked
