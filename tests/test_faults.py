"""The bad inputs that the tests are about, by number; each has at least one test, named by ``@pytest.mark.fault``."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

FAULTS = {
    1: "file of no bytes",
    2: "photo cut short",
    3: "library that lets half a photo pass",
    4: "JPEG that goes on as zeros",
    5: "flipped bytes",
    6: "something behind the picture",
    7: "web page instead of a photo",
    8: "pointer to a file in Git LFS",
    9: "text, PDF, SVG or random bytes",
    10: "another image format than the suffix says",
    11: "PostScript",
    12: "rare image formats",
    13: "very many pixels",
    14: "many pixels in few bytes",
    15: "header with a false size",
    16: "very long and narrow photo",
    17: "very small photo",
    18: "compressed texts that never end",
    19: "huge or looped metadata",
    20: "PNG with a wrong checksum",
    21: "transparent ground",
    22: "transparency in grey or in a palette",
    23: "palette, grey, black and white",
    24: "printing inks",
    25: "16 bits of grey",
    26: "16 bits per color",
    27: "floating-point or 32-bit pixels",
    28: "color profile",
    29: "EXIF orientation",
    30: "nonsense in EXIF",
    31: "animation",
    32: "several pages",
    33: "HEIC and AVIF",
    34: "unusual JPEG",
    35: "one color, or noise",
    36: "photo that changed after the scan",
    37: "pipe, socket or device",
    38: "folder named like a photo",
    39: "link to nothing",
    40: "links in a circle",
    41: "link out of the folder",
    42: "hard link",
    43: "what desktops leave behind",
    44: "hidden folder",
    45: "values that differ by case",
    46: "values that differ by how accents are stored",
    47: "space or dot at the end of a value",
    48: "odd characters in file names",
    49: "very long names and paths",
    50: "names that Windows reserves",
    51: "odd suffixes",
    52: "values that are numbers",
    53: "one file name in several folders",
    54: "very many files, or folders very deep",
    55: "file without the right to read it",
    56: "folder without the right to list it",
    57: "output folder without the right to write to it",
    58: "no raw folder",
    59: "raw folder with spaces, variables or a tilde",
    60: "copies with one value",
    61: "copies with different values",
    62: "copies on both sides of a split",
    63: "near copies on both sides of a split",
    64: "photos of one product or person",
    65: "value without photos",
    66: "value with few photos",
    67: "one value alone",
    68: "value whose photos are all bad",
    69: "hundred times as many photos of one value as of another",
    70: "label of a wrong length",
    71: "label without a value",
    72: "label with two values",
    73: "label with other letters",
    74: "dimension that does not exist",
    75: "dimension that nobody labelled",
    76: "value that is tested but not trained",
    77: "values in another order than in training",
    78: "wrong labels",
    79: "value that light or size gives away",
    80: "hardly any photos",
    81: "byte order mark and ends of lines",
    82: "table in another encoding",
    83: "labels that look like missing ones",
    84: "names that look like numbers",
    85: "wrong columns",
    86: "photo in two rows",
    87: "row without a photo",
    88: "photo without a row",
    89: "path that leads out of the folder",
    90: "cell that a spreadsheet runs",
    91: "empty table, or endless line",
    92: "answers that are no distributions or in another order",
    93: "kill inside a save",
    94: "kill in the middle of an epoch",
    95: "request to stop",
    96: "pause of the process",
    97: "full disk",
    98: "disk that fails",
    99: "two runs with one output",
    100: "file system without locks, or across devices",
    101: "clock that jumps back",
    102: "tracking server that is down",
    103: "tracking database locked or damaged",
    104: "no network",
    105: "web page instead of weights",
    106: "process that is killed",
    107: "no accelerator",
    108: "too little memory",
    109: "too many open files",
    110: "terminal that is closed or knows no accents",
    111: "wrong parameter",
    112: "backbone that does not exist or may not be used",
    113: "weights that do not fit",
    114: "unfinished work of other settings",
    115: "numbers that are not finite",
    116: "last batch of one",
    117: "damaged or foreign result",
    119: "value named like a number, a truth or nothing",
    127: "no category, and more than one there",
    128: "misspelt category, candidate, backbone or loss",
    130: "machine ten times as slow",
}

OF_OTHER_PLACES = {
    118: "uploads to a page", 120: "sets of training and validation without a category", 121: "sides in any spelling",
    122: "folders of other systems", 123: "tables in other forms", 124: "photos of newer formats",
    125: "folders with commas and quotes", 126: "many values of few photos", 129: "tables of a catalogue",
}  # fmt: skip
"""Numbered with the others, but of what the project does not have."""

ELSEWHERE = {32: "in a loop of fixtures/odd_photos.py, whose files test_bad_photos.py reads"}
"""Numbers that do not stand beside their test, and where they are."""


def numbers_of(path: Path) -> Iterator[int]:
    """Numbers in marks, and those of files in the collection of bad photos, which a test reads one after the other."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and name_of(node.func) in ("fault", "BadPhoto"):
            given = node.args if name_of(node.func) == "fault" else node.args[:1]
            yield from (each.value for each in given if isinstance(each, ast.Constant))


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


@pytest.fixture(scope="module")
def tested() -> dict[int, list[str]]:
    """The files that test a number."""
    files: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        for number in numbers_of(path):
            files.setdefault(number, []).append(path.relative_to(TESTS).as_posix())
    return files


def test_every_fault_has_a_test(tested: dict[int, list[str]]) -> None:
    assert {number: name for number, name in FAULTS.items() if number not in {*tested, *ELSEWHERE}} == {}
    assert [number for number in ELSEWHERE if number in tested] == []


def test_every_number_in_a_test_is_a_fault(tested: dict[int, list[str]]) -> None:
    assert {number: files for number, files in tested.items() if number not in FAULTS} == {}


def test_faults_are_numbered_without_a_gap_and_named_once() -> None:
    names = {**FAULTS, **OF_OTHER_PLACES}
    assert sorted([*FAULTS, *OF_OTHER_PLACES]) == list(range(1, len(names) + 1))
    assert len(set(names.values())) == len(names)


def test_numbers_are_found_in_decorators_parameters_and_bad_photos(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(
        "@pytest.mark.fault(3, 5)\n"
        "@pytest.mark.parametrize('x', [1, pytest.param(2, marks=pytest.mark.fault(7))])\n"
        "@pytest.mark.slow(8)\n"
        "def test_it(x): BadPhoto(9, 'name', 10)\n"
    )
    assert sorted(numbers_of(path)) == [3, 5, 7, 9]
