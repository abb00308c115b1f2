"""A submission file compared with a file of answers, photo by photo, and scored for each dimension."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from apparel_eye.attributes import DIMENSIONS, FOLDER_SUFFIX
from apparel_eye.data.layouts.csv_rows import read_rows, wrong_row
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError, nearest
from apparel_eye.metrics import official

_TOLERANCE = 1e-3
"""How far the sum of a photo's probabilities may be from 1: files with four decimals stay below it."""
_MAX_SHOWN = 40
_AVERAGED = ("basic_precision", "average_precision")


@dataclass(frozen=True)
class Unmatched:
    """Photos of one file that the other does not have: how many, the first of them, and how many of each dimension."""

    photos: int
    example: str | None
    dimensions: dict[str, int]


@dataclass(frozen=True)
class Report:
    """Scores of each dimension and their plain means, None where undefined; photos without answer, and the reverse."""

    dimensions: dict[str, dict[str, float | None]]
    mean: dict[str, float | None]
    missing: Unmatched
    unknown: Unmatched


@dataclass(frozen=True)
class _Row:
    """A photo's probabilities, or its label string."""

    place: str
    path: str
    category: str
    entries: Sequence[float] | str


def score_files(submission: Path, answers: Path) -> Report:
    """The scores of a submission; photos that only one of the files has are counted, not scored.

    Args:
        submission: CSV of path, dimension and probabilities that are separated by semicolons, in the order of values.
        answers: CSV of path, dimension and label string. Both with or without a header, joined by path.

    Raises:
        DataError: a file cannot be read or is not of this kind, or the files have no photo in common.
        SystemEnvironmentError: a file may not be read.
    """
    given, asked = _read(submission, "probabilities"), _read(answers, "label")
    _check_widths([*given.values(), *asked.values()])
    common = [path for path in asked if path in given]
    if not common:
        raise DataError(
            f"no photo is in both files: {submission} has {next(iter(given))!r} and {answers} {next(iter(asked))!r}, "
            "for example; give the answers to the same questions, with the same paths"
        )
    pairs = [(given[path], asked[path]) for path in common]
    _check_categories(pairs)
    dimensions = {
        category: _scores([pair for pair in pairs if pair[1].category == category])
        for category in sorted({row.category for _, row in pairs})
    }
    mean = {name: float(np.mean([scores[name] for scores in dimensions.values()])) for name in _AVERAGED}
    return Report(
        {category: _defined(scores) for category, scores in dimensions.items()},
        _defined(mean),
        _unmatched(asked, given),
        _unmatched(given, asked),
    )


def as_text(report: Report) -> str:
    """A table with a line per dimension, and the means."""
    names = list(next(iter(report.dimensions.values())))[1:]
    width = max(len(name) for name in ("dimension", *report.dimensions))
    lines = ["  ".join([f"{'dimension':{width}}", "photos", *(name.replace("_", " ") for name in names)])]
    for category, scores in report.dimensions.items():
        cells = [f"{_rounded(scores[name]):>{len(name)}}" for name in names]
        lines.append("  ".join([f"{category:{width}}", f"{scores['photos']:>6}", *cells]))
    mean = {name: _rounded(value) for name, value in report.mean.items()}
    lines.append(f"mean basic precision {mean['basic_precision']}, mAP {mean['average_precision']}")
    return "\n".join(lines)


def warnings_of(report: Report, submission: Path, answers: Path) -> list[str]:
    """Sentences about the photos that are not scored."""
    sides = ((report.missing, answers, submission), (report.unknown, submission, answers))
    return [
        f"{side.photos} photos of {file} are not in {other} and not scored, for example {side.example} "
        f"({', '.join(f'{category}: {count}' for category, count in side.dimensions.items())})"
        for side, file, other in sides
        if side.photos
    ]


def _read(path: Path, content: str) -> dict[str, _Row]:
    file = path.as_posix()
    columns = ("path", "dimension", content)
    rows: dict[str, _Row] = {}
    folder = RawFolder(Path(path.anchor), (), follow_links=True)  # nothing but this file is opened
    for line, cells in read_rows(folder, file, columns):
        place = f"{file}, line {line}"
        photo, dimension, entries = cells
        category = dimension.removesuffix(FOLDER_SUFFIX)
        if not photo.strip() or "/" in dimension or photo.endswith(FOLDER_SUFFIX) or entries.endswith(FOLDER_SUFFIX):
            raise DataError(wrong_row(file, line, cells, columns))
        if category in ("", dimension) or category != category.strip():
            known = [name + FOLDER_SUFFIX for name in DIMENSIONS]
            raise DataError(
                f"{place}: there is no dimension {dimension!r}; {nearest(dimension, known)}; "
                f"a category of your own is written NAME{FOLDER_SUFFIX}"
            )
        if photo in rows:
            raise DataError(f"{place}: {photo!r} is also in {rows[photo].place}; keep one of the rows")
        parsed = _label(place, photo, entries) if content == "label" else _probabilities(place, photo, entries)
        rows[photo] = _Row(place, photo, category, parsed)
    return rows


def _probabilities(place: str, photo: str, cell: str) -> tuple[float, ...]:
    numbers = tuple(map(_number, cell.split(";")))
    for number, text in zip(numbers, cell.split(";"), strict=True):
        if not 0 <= number < math.inf:
            raise DataError(
                f"{place}: {text[:_MAX_SHOWN]!r} among the probabilities of {photo!r} is not a number from 0 to 1; "
                "write one for each value, with a point, separated by semicolons, as in 0.25;0.75 "
                "(the submission is the first file, the answers are the second)"
            )
    if abs(sum(numbers) - 1) > _TOLERANCE:
        raise DataError(
            f"{place}: the probabilities of {photo!r} sum to {sum(numbers):.6g}, not to 1; divide each by their sum"
        )
    return numbers


def _number(text: str) -> float:
    try:
        return float(text) if "_" not in text else math.nan  # Python would read 0_1 as 1
    except ValueError:
        return math.nan


def _label(place: str, photo: str, cell: str) -> str:
    if cell == "?":
        raise DataError(
            f"{place}: the label of {photo!r} is '?', as in a file of questions; give that with the answers"
        )
    if set(cell) - set("ymn") or cell.count("y") != 1:
        raise DataError(
            f"{place}: the label of {photo!r} is {cell[:_MAX_SHOWN]!r}; expected a character for each value, one y, "
            "the others n or m, as in nynnnn (the submission is the first file, the answers are the second)"
        )
    return cell


def _check_widths(rows: Sequence[_Row]) -> None:
    expected = {category: (len(values), "") for category, values in DIMENSIONS.items()}
    for row in rows:
        width, where = expected.setdefault(row.category, (len(row.entries), f", as in {row.place}"))
        if len(row.entries) != width:
            what = "characters" if isinstance(row.entries, str) else "probabilities"
            raise DataError(
                f"{row.place}: {row.path!r} has {len(row.entries)} {what}; "
                f"expected {width}, one for each value of {row.category}{where}"
            )


def _check_categories(pairs: Sequence[tuple[_Row, _Row]]) -> None:
    for given, asked in pairs:
        if given.category != asked.category:
            raise DataError(
                f"{given.place}: {given.path!r} is of {given.category}{FOLDER_SUFFIX}, but of "
                f"{asked.category}{FOLDER_SUFFIX} in {asked.place}; correct one of them"
            )


def _scores(pairs: Sequence[tuple[_Row, _Row]]) -> dict[str, float]:
    probabilities = np.array([given.entries for given, _ in pairs], dtype=np.float64)
    label_strings = official.parse_label_strings([str(asked.entries) for _, asked in pairs])
    return {"photos": len(pairs), **official.scores(probabilities, label_strings)}


def _defined(scores: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(score) else score for name, score in scores.items()}


def _unmatched(rows: Mapping[str, _Row], others: Mapping[str, _Row]) -> Unmatched:
    paths = [path for path in rows if path not in others]
    by_category = Counter(rows[path].category for path in paths)
    return Unmatched(len(paths), next(iter(paths), None), dict(sorted(by_category.items())))


def _rounded(score: float | None) -> str:
    return "-" if score is None else f"{score:.4f}"
