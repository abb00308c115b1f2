from collections.abc import Callable
from pathlib import Path

import pytest

from apparel_eye.data.layouts.offered import check_category, choose_category, offered_categories
from apparel_eye.data.raw_folder import RawFolder, scan_folder
from apparel_eye.errors import ApparelEyeError, DataError, UsageError
from apparel_eye.parameters import IngestParameters, LabelParameters

Write = Callable[..., RawFolder]
FOLDERS = ["heel/low/1.jpg", "train/toe/open/1.jpg", "test/toe/1.jpg"]
LABELS = "base/Annotations/label.csv"
SKIRT = "Images/skirt_length_labels/1.jpg"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def fill(*names: str, **labelled: str) -> RawFolder:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        if labelled:
            (tmp_path / LABELS).parent.mkdir(parents=True)
            rows = [f"{path},{category}_labels,{label}\n" for category, (path, label) in labelled.items()]
            (tmp_path / LABELS).write_text("".join(rows))
        return scan_folder(tmp_path)

    return fill


@pytest.fixture
def labels(limits: IngestParameters) -> LabelParameters:
    return limits.labels


def test_folders_and_label_files_name_what_is_offered(write: Write, labels: LabelParameters) -> None:
    assert offered_categories(write(*FOLDERS), labels) == ["heel", "toe"]
    folder = write(skirt_length=(SKIRT, "nynnnn"), coat_length=(SKIRT, "nnnynnnn"))
    assert offered_categories(folder, labels) == ["coat_length", "skirt_length"]


@pytest.mark.parametrize(
    ("names", "default", "chosen"),
    [(FOLDERS, "toe", "toe"), (FOLDERS[:1], "toe", "heel"), (FOLDERS[:1], "heel", "heel")],
)
def test_the_default_or_the_only_one_is_chosen(
    write: Write, labels: LabelParameters, names: list[str], default: str, chosen: str
) -> None:
    category, why = choose_category(write(*names), default, labels)
    assert category == chosen
    assert ("the only one" in why) == (len(names) == 1)


def test_several_without_the_default_are_listed(write: Write, labels: LabelParameters) -> None:
    with pytest.raises(UsageError, match=r"the default, skirt, is not in .*, which has heel, toe; choose"):
        choose_category(write(*FOLDERS), "skirt", labels)


@pytest.mark.parametrize("category", ["heel", "toe"])
def test_a_category_with_photos_passes(write: Write, labels: LabelParameters, category: str) -> None:
    check_category(write(*FOLDERS), category, labels)


def test_a_labelled_dimension_with_photos_passes(write: Write, labels: LabelParameters) -> None:
    check_category(write(f"base/{SKIRT}", skirt_length=(SKIRT, "nynnnn")), "skirt_length", labels)


@pytest.mark.parametrize(
    ("names", "labelled", "category", "kind", "words"),
    [
        (FOLDERS, {}, "hel", UsageError, "did you mean heel"),
        (["heel/low/notes.txt", "heel/high/values.csv"], {}, "heel", DataError, "heel/ is empty but for folders"),
        ([], {"skirt_length": (SKIRT, "nynnnn")}, "skirt_length", DataError, "none of the 1 that .* label exists"),
        ([], {"skirt_length": (SKIRT, "nynnnn")}, "coat_length", UsageError, "which label skirt_length"),
        (["a.jpg"], {}, "heel", DataError, "found neither, but 1 files"),
    ],
)
def test_a_category_without_photos_is_refused(
    write: Write, labels: LabelParameters, names: list[str], labelled: dict[str, str], category: str,
    kind: type[ApparelEyeError], words: str,
) -> None:  # fmt: skip
    with pytest.raises(kind, match=words):
        check_category(write(*names, **labelled), category, labels)
