import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.data.layouts import COLUMNS, Layout, read_layout
from apparel_eye.data.raw_folder import scan_folder
from apparel_eye.errors import DataError, UsageError
from apparel_eye.parameters import IngestParameters

LABELS = "base/Annotations/label.csv"
QUESTION = "rank/Tests/question.csv"
HEADER = "path,dimension,label\n"
SKIRTS = "Images/skirt_length_labels"
Read = Callable[..., Layout]


def row(number: int | str, label: str = "nynnnn", category: str = "skirt_length") -> str:
    return f"Images/{category}_labels/{number}.jpg,{category}_labels,{label}\n"


def photos(part: str, *numbers: int | str, category: str = "skirt_length") -> dict[str, str]:
    return {f"{part}/Images/{category}_labels/{number}.jpg": "x" for number in numbers}


@pytest.fixture
def read(lay_out: Read) -> Read:
    return lambda files, category="skirt_length", **ingest: lay_out(files, category, **ingest)


@pytest.fixture
def read_labels(read: Read) -> Callable[..., Layout]:
    """The layout of one label file, with photos 1 to 3 on disk."""
    return lambda text, **ingest: read({LABELS: text, **photos("base", 1, 2, 3)}, **ingest)


def test_rows_of_the_category_in_all_parts_are_counted(read: Read) -> None:
    layout = read(
        {
            LABELS: row(1) + row(9, "ynnnnnnn", "coat_length") + row(2, "ynnnnn") + row(3),
            "web/Annotations/skirt_length_labels.csv": row(1, "nnnnny") + row(2),
            QUESTION: row(7, "?") + row(5, "?") + row(9, "?", "coat_length"),
            "z_rank/Tests/question.csv": row(6, "?"),
            **photos("base", 1, 2, 3),
            **photos("web", 1, 2),
            **photos("rank", 7, 5),
            **photos("z_rank", 6),
        }
    )
    assert list(layout.photos.columns) == COLUMNS
    assert layout.photos[["image_key", "value", "role", "position"]].to_numpy().tolist() == [
        [f"base/{SKIRTS}/1.jpg", "Short Length", "labelled", 0],
        [f"base/{SKIRTS}/2.jpg", "Invisible", "labelled", 1],
        [f"base/{SKIRTS}/3.jpg", "Short Length", "labelled", 2],
        [f"web/{SKIRTS}/1.jpg", "Floor Length", "labelled", 3],
        [f"web/{SKIRTS}/2.jpg", "Short Length", "labelled", 4],
        [f"rank/{SKIRTS}/7.jpg", "", "to predict", 0],
        [f"rank/{SKIRTS}/5.jpg", "", "to predict", 1],
        [f"z_rank/{SKIRTS}/6.jpg", "", "to predict", 2],
    ]
    assert layout.values == DIMENSIONS["skirt_length"]
    assert layout.notes == ()


def test_the_raw_folder_itself_may_be_a_part(read: Read) -> None:
    layout = read({"Annotations/label.csv": row(1), f"{SKIRTS}/1.jpg": ""})
    assert layout.photos["image_key"].tolist() == [f"{SKIRTS}/1.jpg"]


def test_a_release_that_lies_deeper_is_pointed_at(read: Read) -> None:
    with pytest.raises(DataError, match=r"found download/base/Annotations: .*--params raw=FOLDER"):
        read({f"download/{LABELS}": row(1)})


@pytest.mark.fault(70, 71, 72, 73)
@pytest.mark.parametrize("label", ["nynnn", "nynnnnn", "nnnnnn", "nyynnn", "nynnnx", "nYnnnn", "?", "", "nymnn "])
def test_a_label_that_is_not_one_y_among_n_and_m_is_refused_with_its_row(read_labels: Read, label: str) -> None:
    where = re.escape(f"{LABELS}, line 2, base/{SKIRTS}/2.jpg: the label is {label!r}")
    with pytest.raises(DataError, match=where + ".*6 characters, one y.*nnnnny"):
        read_labels(row(1) + row(2, label))


@pytest.mark.fault(70, 71, 72, 73)
@settings(max_examples=60)
@given(label=st.text(st.sampled_from("ymnY?"), max_size=8))
def test_a_label_is_taken_just_where_it_has_one_y_and_a_letter_per_value(read_labels: Read, label: str) -> None:
    if re.fullmatch("(?=.{6}$)[nm]*y[nm]*", label):
        assert read_labels(row(1, label)).photos["value"].tolist() == [DIMENSIONS["skirt_length"][label.index("y")]]
    else:
        with pytest.raises(DataError, match="the label is"):
            read_labels(row(1, label))


@pytest.mark.fault(73)
def test_a_maybe_stays_in_the_label(read_labels: Read) -> None:
    layout = read_labels(row(1, "nymnnn"))
    assert layout.photos[["value", "label_string"]].to_numpy().tolist() == [["Short Length", "nymnnn"]]


@pytest.mark.fault(74)
def test_a_category_that_does_not_exist_brings_the_nearest(read: Read) -> None:
    with pytest.raises(UsageError, match=r"'skirt_lenght'.*did you mean skirt_length"):
        read({LABELS: row(1)}, "skirt_lenght")


@pytest.mark.fault(75)
def test_a_category_that_is_never_labelled_is_noted(read: Read) -> None:
    files = {LABELS: row(1), **photos("base", 1), **photos("rank", 1, 2, category="coat_length")}
    assert read(files).notes == ("2 photos in folders coat_length_labels, which no label file names",)


def test_a_dimension_without_rows_is_refused_with_what_the_files_label(read: Read) -> None:
    with pytest.raises(UsageError, match=f"coat_length_labels; looked in {LABELS}, which label skirt_length"):
        read({LABELS: HEADER + row(1), QUESTION: row(1, "?", "coat_length")}, "coat_length")


@pytest.mark.fault(86)
def test_a_row_that_stands_twice_counts_once(read: Read) -> None:
    layout = read({LABELS: row(1) + row(2) + row(1), "base/Annotations/more.csv": row(2), **photos("base", 1, 2)})
    assert layout.photos["image_key"].tolist() == [f"base/{SKIRTS}/1.jpg", f"base/{SKIRTS}/2.jpg"]


@pytest.mark.fault(86)
@pytest.mark.parametrize("second", ["nnnnny", "nymnnn"])
def test_a_photo_with_two_labels_is_refused_with_both(read_labels: Read, second: str) -> None:
    expected = re.escape(f"base/{SKIRTS}/2.jpg: 'nynnnn' ({LABELS}, line 2) and '{second}' ({LABELS}, line 3)")
    with pytest.raises(DataError, match=expected):
        read_labels(row(1) + row(2) + row(2, second))


@pytest.mark.fault(86)
def test_a_question_that_stands_twice_is_asked_once(read: Read) -> None:
    layout = read(
        {LABELS: row(1), QUESTION: row(3, "?") * 2 + row(2, "?"), **photos("base", 1), **photos("rank", 2, 3)}
    )
    asked = layout.photos[layout.photos["role"] == "to predict"]
    assert asked["image_key"].tolist() == [f"rank/{SKIRTS}/3.jpg", f"rank/{SKIRTS}/2.jpg"]


@pytest.mark.fault(86)
def test_a_photo_that_is_labelled_and_asked_is_refused(read: Read) -> None:
    with pytest.raises(DataError, match=f"1 photos are labelled and also to predict, for example base/{SKIRTS}/1.jpg"):
        read({LABELS: row(1), "base/Tests/question.csv": row(1, "?"), **photos("base", 1)})


@pytest.mark.fault(87)
def test_photos_that_are_not_on_disk_are_counted_and_ten_are_listed(read_labels: Read) -> None:
    text = "".join(row(number) for number in range(1, 16))
    shown = ", ".join(f"base/{SKIRTS}/{number}.jpg" for number in range(4, 14))
    with pytest.raises(
        DataError, match=re.escape(f": {shown} ...; add them, or") + ".*ingest.labels.allow_missing=true"
    ) as e:
        read_labels(text)
    assert "12 of 15 photos" in str(e.value)
    layout = read_labels(text, allow_missing=True)
    assert layout.photos["problem"].tolist() == [""] * 3 + ["missing"] * 12
    assert "12 of 15 photos" in layout.notes[0]


@pytest.mark.fault(88)
def test_photos_without_a_row_are_noted(read_labels: Read) -> None:
    notes = read_labels(row(2)).notes
    assert notes == (f"2 photos of skirt_length stand in no label or question file, for example base/{SKIRTS}/1.jpg",)


def test_answers_are_left_aside_with_a_note_or_trained_on(read: Read) -> None:
    files = {
        LABELS: row(1),
        QUESTION: row(1, "?") + row(2, "?"),
        "rank/Tests/answers.csv": row(2, "nnnnny"),
        **photos("base", 1),
        **photos("rank", 1, 2),
    }
    ignored, trained = read(files), read(files, answers="train")
    assert ignored.photos["role"].value_counts().to_dict() == {"to predict": 2, "labelled": 1}
    assert len(ignored.notes) == 1
    assert ignored.notes[0].startswith("rank/Tests/answers.csv not read")
    assert trained.photos[["image_key", "value", "role"]].to_numpy().tolist() == [
        [f"base/{SKIRTS}/1.jpg", "Short Length", "labelled"],
        [f"rank/{SKIRTS}/2.jpg", "Floor Length", "labelled"],
        [f"rank/{SKIRTS}/1.jpg", "", "to predict"],
    ]
    assert trained.notes == ()


def test_own_values_are_not_used_for_a_release(read_labels: Read) -> None:
    layout = read_labels(row(1) + row(2) + row(3), values=("short", "long"))
    assert layout.values == DIMENSIONS["skirt_length"]
    assert layout.notes == ("ingest.labels.values is not used: FashionAI's dimensions have their own values",)


@pytest.mark.parametrize(
    ("category", "num_labelled", "num_questions"),
    [("skirt_length", 306, 103), ("coat_length", 305, 111), ("pant_length", 704, 240), ("sleeve_length", 770, 248)],
)
def test_streetwear_photos_are_counted_as_its_description_says(
    shared_photos: Path, limits: IngestParameters, category: str, num_labelled: int, num_questions: int
) -> None:
    layout = read_layout(scan_folder(shared_photos), category, limits.labels)
    assert layout.photos["role"].value_counts().to_dict() == {"labelled": num_labelled, "to predict": num_questions}
    with (shared_photos / QUESTION).open(newline="") as file:
        asked = [f"rank/{path}" for path, dimension, _ in csv.reader(file) if dimension == f"{category}_labels"]
    assert layout.photos.loc[layout.photos["role"] == "to predict", "image_key"].tolist() == asked
    assert set(layout.photos["domain"]) <= {"worn", "flat"}
    assert layout.notes == ()
