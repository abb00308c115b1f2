import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.cli import cli
from apparel_eye.errors import DataError
from apparel_eye.metrics import official
from apparel_eye.metrics.official import parse_label_strings
from apparel_eye.selection.scoring import Unmatched, as_text, score_files, warnings_of

Write = Callable[..., tuple[Path, Path]]
SURE = "0.1;0.5;0.1;0.1;0.1;0.1"
LESS_SURE = "0.1;0.1;0.4;0.2;0.1;0.1"


def row(photo: str, cell: str, category: str = "skirt_length") -> str:
    return f"Images/{category}_labels/{photo}.jpg,{category}_labels,{cell}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a submission and the answers, given as rows or as bytes."""

    def write_both(submission: list[str] | bytes, answers: list[str] | bytes) -> tuple[Path, Path]:
        paths = tmp_path / "submission.csv", tmp_path / "answers.csv"
        for path, rows in zip(paths, (submission, answers), strict=True):
            path.write_bytes(rows if isinstance(rows, bytes) else "".join(f"{row}\n" for row in rows).encode())
        return paths

    return write_both


@pytest.fixture
def two_dimensions(write: Write) -> tuple[Path, Path]:
    """Three skirts, of which two are answered right, and a neck that is; in another order than the answers."""
    submission = [row("1", SURE), row("9", "0.6;0.1;0.1;0.1;0.1", "neck_design"), row("2", LESS_SURE), row("3", SURE)]
    answers = [row("3", "nnnnyn"), row("1", "nynnnn"), row("2", "nnymnn"), row("9", "ymnnn", "neck_design")]
    return write(submission, answers)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["score", *map(str, arguments)])


def test_scores_of_each_dimension_by_hand(two_dimensions: tuple[Path, Path]) -> None:
    report = score_files(*two_dimensions)
    # thresholds .5, .5 and .4: one of two right, one of two, two of three
    expected = {"photos": 3, "basic_precision": 2 / 3, "average_precision": (1 / 2 + 1 / 2 + 2 / 3) / 3}
    expected |= {"accuracy": 2 / 3, "log_loss": -(math.log(0.5) + math.log(0.4) + math.log(0.1)) / 3}
    assert list(report.dimensions) == ["neck_design", "skirt_length"]
    assert report.dimensions["skirt_length"] == pytest.approx(expected)
    sure = {"photos": 1, "basic_precision": 1.0, "average_precision": 1.0, "accuracy": 1.0, "log_loss": -math.log(0.6)}
    assert report.dimensions["neck_design"] == pytest.approx(sure)
    means = {"basic_precision": (1 + 2 / 3) / 2, "average_precision": (1 + 5 / 9) / 2}
    assert report.mean == pytest.approx(means)
    assert report.missing == report.unknown == Unmatched(0, None, {})


@st.composite
def tables(draw: st.DrawFn) -> dict[str, tuple[list[list[int]], list[str]]]:
    """Weights and labels of some photos of some dimensions."""
    found = {}
    for category in draw(st.lists(st.sampled_from(sorted(DIMENSIONS)), min_size=1, max_size=3, unique=True)):
        num_values, num_photos = len(DIMENSIONS[category]), draw(st.integers(1, 5))
        weights = st.lists(st.integers(0, 9), min_size=num_values, max_size=num_values).filter(any)
        labels = []
        for _ in range(num_photos):
            label = draw(st.lists(st.sampled_from("nm"), min_size=num_values, max_size=num_values))
            label[draw(st.integers(0, num_values - 1))] = "y"
            labels.append("".join(label))
        found[category] = ([draw(weights) for _ in range(num_photos)], labels)
    return found


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_scores_are_those_of_the_library_in_whatever_order_the_rows_come(
    write: Write, table: dict[str, tuple[list[list[int]], list[str]]], random: Random
) -> None:
    submission, answers, expected = [], [], {}
    for category, (weights, labels) in table.items():
        probabilities = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
        for photo, (numbers, label) in enumerate(zip(probabilities.tolist(), labels, strict=True)):
            submission.append(row(str(photo), ";".join(map(repr, numbers)), category))
            answers.append(row(str(photo), label, category))
        expected[category] = {"photos": len(labels), **official.scores(probabilities, parse_label_strings(labels))}
    random.shuffle(submission)
    random.shuffle(answers)
    report = score_files(*write(submission, answers))
    found = {
        category: {name: math.nan if score is None else score for name, score in scores.items()}
        for category, scores in report.dimensions.items()
    }
    assert found.keys() == expected.keys()
    for category, scores in found.items():
        assert scores == pytest.approx(expected[category], nan_ok=True)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("head", ["", "\ufeff", "path,dimension,label\n", "\ufeffphoto,category,labels\n"])
@pytest.mark.fault(81)
def test_headers_and_marks_of_encodings_do_not_matter(
    two_dimensions: tuple[Path, Path], tmp_path: Path, head: str, end: str
) -> None:
    copies = []
    for path in two_dimensions:
        copies.append(tmp_path / f"copy_of_{path.name}")
        copies[-1].write_bytes((head + path.read_text()).replace("\n", end).encode())
    assert score_files(*copies) == score_files(*two_dimensions)


def test_the_first_row_is_no_header_if_it_is_a_row(write: Write) -> None:
    submission, answers = [row("1", SURE), row("2", SURE)], [row("1", "nynnnn"), row("2", "nynnnn")]
    assert score_files(*write(submission, answers)).dimensions["skirt_length"]["photos"] == 2


def test_rows_of_one_file_only_are_told_and_not_scored(write: Write) -> None:
    submission = [row("1", SURE), row("2", SURE), row("8", "1;0", "heel")]
    answers = [row("1", "nynnnn"), row("3", "ynnnnn"), row("4", "ynnnnn"), row("5", "ynnnn", "neck_design")]
    paths = write(submission, answers)
    report = score_files(*paths)
    assert report.dimensions == score_files(*write(submission[:1], answers[:1])).dimensions
    first, second = "Images/skirt_length_labels/3.jpg", "Images/skirt_length_labels/2.jpg"
    assert report.missing == Unmatched(3, first, {"neck_design": 1, "skirt_length": 2})
    assert report.unknown == Unmatched(2, second, {"heel": 1, "skirt_length": 1})
    assert warnings_of(report, Path("given.csv"), Path("true.csv")) == [
        f"3 photos of true.csv are not in given.csv and not scored, for example {first} "
        "(neck_design: 1, skirt_length: 2)",
        f"2 photos of given.csv are not in true.csv and not scored, for example {second} (heel: 1, skirt_length: 1)",
    ]
    assert warnings_of(score_files(*write(submission[:1], answers[:1])), *paths) == []


def test_a_category_of_ones_own_is_scored_with_as_many_values_as_its_rows_have(write: Write) -> None:
    submission = [row("1", "0.2;0.8", "heel"), row("2", "0.3;0.7", "heel")]
    report = score_files(*write(submission, [row("1", "ny", "heel"), row("2", "yn", "heel")]))
    assert report.dimensions["heel"]["accuracy"] == 1 / 2


def test_a_score_that_is_not_defined_is_none_and_so_is_the_mean(write: Write) -> None:
    submission, answers = [row("1", SURE), row("2", "0;1", "heel")], [row("1", "ymnnnn"), row("2", "ny", "heel")]
    report = score_files(*write(submission, answers))
    assert report.dimensions["skirt_length"]["basic_precision"] is None
    assert report.dimensions["heel"]["basic_precision"] == 1.0
    assert report.mean == {"basic_precision": None, "average_precision": None}
    assert as_text(report).splitlines()[-1] == "mean basic precision -, mAP -"


@pytest.mark.parametrize("cell", ["0.1;0.5004;0.1;0.1;0.1;0.1", "0.1;0.5;0.0991;0.1;0.1;0.1", "0;1e0;0.0;-0.0;0;1E-9"])
def test_a_sum_may_be_off_by_a_thousandth(write: Write, cell: str) -> None:
    report = score_files(*write([row("1", cell)], [row("1", "nynnnn")]))
    assert report.dimensions["skirt_length"]["accuracy"] == 1.0


PLACE = "submission.csv, line 2"


@pytest.mark.fault(74, 85, 86, 92, 115)
@pytest.mark.parametrize(
    ("second", "words"),
    [
        (row("2", "0.5;0.5"), [PLACE, "2.jpg' has 2 probabilities", "expected 6", "skirt_length"]),
        (row("2", SURE + ";"), [PLACE, "'' among", "2.jpg", "not a number", "semicolons"]),
        (row("2", SURE.replace("0.5", "half")), [PLACE, "'half'", "not a number"]),
        (row("2", SURE.replace(";", " ")), [PLACE, "not a number", "semicolons"]),
        (row("2", SURE.replace("0.5", "nan")), [PLACE, "'nan'", "not a number"]),
        (row("2", SURE.replace("0.5", "inf")), [PLACE, "'inf'", "not a number"]),
        (row("2", SURE.replace("0.5", "1e999")), [PLACE, "'1e999'", "not a number"]),
        (row("2", "0_1;0;0;0;0;0"), [PLACE, "'0_1'", "not a number"]),
        (row("2", "-0.1;0.7;0.1;0.1;0.1;0.1"), [PLACE, "'-0.1'", "from 0 to 1"]),
        (row("2", SURE.replace("0.5", "0.502")), [PLACE, "sum to 1.002", "divide"]),
        (row("2", SURE.replace("0.5", "0.498")), [PLACE, "sum to 0.998", "divide"]),
        (row("2", "0;0;0;0;0;0"), [PLACE, "sum to 0,", "divide"]),
        (row("2", "nynnnn"), [PLACE, "'nynnnn'", "the submission is the first file"]),
        (row("1", LESS_SURE), [PLACE, "1.jpg' is also in", "submission.csv, line 1", "keep one"]),
        (row("2", SURE) + ",1", [PLACE, "4 columns", "path,dimension,probabilities"]),
        (row("2", SURE).replace(",", ";"), [PLACE, "1 columns", "separated by commas"]),
        (row("2", SURE.replace(";", ",")), [PLACE, "8 columns"]),
        (f"skirt_length_labels,Images/2.jpg,{SURE}", [PLACE, "in this order: path,dimension,probabilities"]),
        (f"Images/2.jpg,{SURE},skirt_length_labels", [PLACE, "in this order"]),
        (f",skirt_length_labels,{SURE}", [PLACE, "in this order"]),
        (
            f"Images/2.jpg,skirt_length,{SURE}",
            [PLACE, "no dimension 'skirt_length'", "did you mean skirt_length_labels"],
        ),
        (f"Images/2.jpg,_labels,{SURE}", [PLACE, "no dimension '_labels'"]),
        (f"Images/2.jpg, skirt_length_labels,{SURE}", [PLACE, "no dimension ' skirt_length_labels'"]),
        (row("2", "0.5;0.5", "skirt_lenght"), [PLACE, "skirt_lenght_labels, but of", "answers.csv, line 2", "correct"]),
    ],
)
def test_a_wrong_submission_is_told_by_file_and_line(write: Write, second: str, words: list[str]) -> None:
    photo = second.split(",")[0] if "lenght" in second else "Images/skirt_length_labels/2.jpg"
    paths = write([row("1", SURE), second], [row("1", "nynnnn"), f"{photo},skirt_length_labels,nynnnn"])
    done = run(*paths)
    assert done.exit_code == 3
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert [word for word in words if word not in done.stderr] == []


@pytest.mark.fault(70, 71, 72, 73)
@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("?", ["'?'", "file of questions", "answers"]),
        ("nynnn", ["2.jpg' has 5 characters", "expected 6", "skirt_length"]),
        ("nnmnnn", ["'nnmnnn'", "one y"]),
        ("nyynnn", ["'nyynnn'", "one y"]),
        ("nyxnnn", ["'nyxnnn'", "n or m"]),
        ("nYnnnn", ["'nYnnnn'", "n or m"]),
        ("", ["''", "one y"]),
        (SURE, ["the answers are the second"]),
    ],
)
def test_a_wrong_answer_is_told_by_file_and_line(write: Write, label: str, words: list[str]) -> None:
    rows = [row("1", SURE), row("2", SURE)]
    done = run(*write(rows, [row("1", "nynnnn"), row("2", label)]))
    assert done.exit_code == 3
    assert "answers.csv, line 2" in done.stderr
    assert [word for word in words if word not in done.stderr] == []


@pytest.mark.parametrize(
    ("submission", "answers", "words"),
    [
        (["0.2;0.8", "1"], ["ny", "yn"], "submission.csv, line 2: 'Images/heel_labels/1.jpg' has 1 probabilities"),
        (["0.2;0.8", "0;1"], ["ny", "nyn"], "answers.csv, line 2: 'Images/heel_labels/1.jpg' has 3 characters"),
    ],
)
def test_values_of_a_category_of_ones_own_must_be_as_many_in_each_row(
    write: Write, submission: list[str], answers: list[str], words: str
) -> None:
    paths = write(*([row(str(at), cell, "heel") for at, cell in enumerate(cells)] for cells in (submission, answers)))
    with pytest.raises(DataError) as found:
        score_files(*paths)
    assert words in str(found.value)
    assert f"expected 2, one for each value of heel, as in {paths[0]}, line 1" in str(found.value)


@pytest.mark.fault(82, 91)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no rows"),
        (b"\n \n", "has no rows"),
        (b"path,dimension,probabilities\n", "has no rows"),
        ("Images/caf\u00e9.jpg".encode("latin-1"), "is not UTF-8"),
        ("Images/1.jpg".encode("utf-16"), "is not UTF-8 but UTF-16"),
        (b"x" * 20_000, "longer than 10,000 characters"),
        (b'Images/1.jpg,"skirt_length_labels,1\n', "is no CSV"),
    ],
    ids=["empty", "blank", "header alone", "Latin-1", "UTF-16", "endless line", "open quote"],
)
@pytest.mark.parametrize("is_submission", [True, False])
def test_what_is_no_table_is_told_by_name(write: Write, content: bytes, words: str, is_submission: bool) -> None:
    paths = write(content, [row("1", "nynnnn")]) if is_submission else write([row("1", SURE)], content)
    done = run(*paths)
    assert done.exit_code == 3
    assert done.stderr.startswith(f"error: {paths[0] if is_submission else paths[1]}")
    assert words in done.stderr


def test_files_are_found_where_they_are_said_to_be(
    two_dimensions: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = score_files(*two_dimensions)
    link = tmp_path / "links" / "submission.csv"
    link.parent.mkdir()
    link.symlink_to(two_dimensions[0])
    monkeypatch.chdir(link.parent)
    assert score_files(Path("submission.csv"), Path("../answers.csv")) == expected


@pytest.mark.parametrize("name", ["none.csv", "no/such/folder.csv", "."])
def test_a_file_that_does_not_exist_is_named_as_it_was_typed(
    two_dimensions: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(two_dimensions[0].parent)
    for arguments in ((name, "answers.csv"), ("submission.csv", name)):
        done = run(*arguments)
        assert done.exit_code == 3
        assert done.stderr.startswith(f"error: {name} cannot be read")


@pytest.mark.fault(55)
def test_a_file_that_may_not_be_read_is_a_matter_of_surroundings(
    open_folder: Path, nobody: Callable[..., object]
) -> None:
    for name, cell in (("submission.csv", SURE), ("answers.csv", "nynnnn")):
        (open_folder / name).write_text(row("1", cell) + "\n")
    (open_folder / "answers.csv").chmod(0)
    with nobody():  # type: ignore[attr-defined]
        done = run(open_folder / "submission.csv", open_folder / "answers.csv")
    assert done.exit_code == 4
    assert "answers.csv cannot be read (Permission denied)" in done.stderr


def test_files_without_a_common_photo_are_refused_with_an_example_of_each(write: Write) -> None:
    done = run(*write([row("1", SURE)], ["x/" + row("1", "nynnnn")]))
    assert done.exit_code == 3
    assert "no photo is in both files" in done.stderr
    assert "'Images/skirt_length_labels/1.jpg'" in done.stderr
    assert "'x/Images/skirt_length_labels/1.jpg'" in done.stderr


def test_the_command_prints_a_line_for_each_dimension_and_the_means(two_dimensions: tuple[Path, Path]) -> None:
    done = run(*two_dimensions)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "dimension     photos  basic precision  average precision  accuracy  log loss",
        "neck_design        1           1.0000             1.0000    1.0000    0.5108",
        "skirt_length       3           0.6667             0.5556    0.6667    1.3040",
        "mean basic precision 0.8333, mAP 0.7778",
    ]


def test_the_command_prints_one_json_object_and_warns_beside_it(write: Write) -> None:
    paths = write([row("1", SURE), row("2", SURE)], [row("1", "ymnnnn"), row("3", "nynnnn")])
    done = run("--json", *paths)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert list(found) == ["dimensions", "mean", "missing", "unknown"]
    assert found["dimensions"]["skirt_length"]["basic_precision"] is None
    assert found["missing"] == {
        "photos": 1, "example": "Images/skirt_length_labels/3.jpg", "dimensions": {"skirt_length": 1}
    }  # fmt: skip
    assert found["unknown"]["example"] == "Images/skirt_length_labels/2.jpg"
    assert done.stderr.splitlines() == [
        f"warning: {warning}" for warning in warnings_of(score_files(*paths), *paths)
    ]  # fmt: skip
    assert done.stderr.count("warning: ") == 2


@pytest.mark.parametrize("arguments", [[], ["a.csv"], ["a.csv", "b.csv", "c.csv"], ["a.csv", "b.csv", "--jsn"]])
def test_wrong_arguments_are_a_matter_of_usage(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_debug_shows_the_traceback_of_an_error(tmp_path: Path) -> None:
    done = run(tmp_path / "none.csv", tmp_path / "none.csv", "--debug")
    assert done.exit_code == 1
    assert isinstance(done.exception, DataError)


def test_the_command_as_users_type_it_needs_no_project(two_dimensions: tuple[Path, Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "apparel_eye", "score", "submission.csv", "answers.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(as_text(score_files(*two_dimensions)) + "\n")  # Kedro may say something before


def test_a_column_as_wide_as_the_longest_dimension(write: Write) -> None:
    category = "length_of_the_heel_of_the_shoe"
    report = score_files(*write([row("1", "1;0", category)], [row("1", "yn", category)]))
    header, line, _ = as_text(report).splitlines()
    assert len(header) == len(line)
    assert line.startswith(f"{category}       1  ")
