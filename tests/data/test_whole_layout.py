"""A whole release in small: five parts, eight dimensions, and the traps of the real one, each with its count."""

import hashlib
import io
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.data.folds import assign_folds
from apparel_eye.parameters import ProjectParameters
from apparel_eye.reports.findings import find
from apparel_eye.reports.overview import count_values

Ingest = Callable[..., Any]
KedroRun = Callable[..., tuple[int, str]]

TESTS = ("rank", "week-rank", "z_rank")
TABLES = {
    "base": ("Annotations/label.csv", "", "", "\n"),
    "web": ("Annotations/skirt_length_labels.csv", "\ufeff", "path,dimension,label", "\r\n"),
    "rank": ("Tests/question.csv", "", "", "\n"),
    "week-rank": ("Tests/question.csv", "\ufeff", "", "\n"),
    "z_rank": ("Tests/question.csv", "", "image_id,image_key,image_label", "\r\n"),
}
"""Of each part: its table, what stands before it, its header, and how its lines end."""
NUM_OF_VALUE = 6
"""Five folds need five, and the two parts of the one that validates one more."""
SHARED_PICTURE = 9999
LEFT_BEHIND = {".DS_Store": "hidden", "._photo.jpg": "hidden", "Thumbs.db": "left by a desktop"}
WITHOUT_ROW = "orphan"


class Photo(NamedTuple):
    """A photo to be written, and why it must be left out, if so."""

    part: str
    category: str
    label: str
    picture: int
    kind: str = "upright"
    reason: str = ""
    copy: int = 0

    @property
    def path(self) -> str:
        name = hashlib.md5(f"{self.picture} {self.kind} {self.copy}".encode()).hexdigest()
        return f"Images/{self.category}_labels/{name}.jpg"

    @property
    def image_key(self) -> str:
        return f"{self.part}/{self.path}"

    @property
    def value(self) -> str:
        return DIMENSIONS[self.category][self.label.index("y")] if "y" in self.label else ""

    @property
    def role(self) -> str:
        return "labelled" if self.value else "to predict"

    def encode(self) -> bytes:
        """A smooth pattern of random colors, square or upright, whole or not."""
        if self.kind == "page":
            return f"<html>{self.picture}</html>".encode()
        colors = np.random.default_rng(self.picture).integers(0, 256, (9, 6, 3), dtype=np.uint8)
        size = (96, 96) if self.picture % 4 else (64, 96)
        photo = Image.fromarray(colors).resize(size, Image.Resampling.BICUBIC)
        file = io.BytesIO()
        (ImageOps.mirror(photo) if self.kind == "mirrored" else photo).save(file, "JPEG", quality=90)
        data = file.getvalue()
        return data[: len(data) // 2] if self.kind == "half" else data


def sure(category: str, index: int) -> str:
    return "".join("y" if place == index else "n" for place in range(len(DIMENSIONS[category])))


def ordinary(category: str, pictures: Iterator[int]) -> Iterator[Photo]:
    """Some photos of each value, more of skirts in a part of their own, and two questions of each test."""
    for index in range(category == "sleeve_length", len(DIMENSIONS[category])):
        for _ in range(NUM_OF_VALUE):
            yield Photo("base", category, sure(category, index), next(pictures))
        if category == "skirt_length":
            yield Photo("web", category, sure(category, index), next(pictures))
    for part in (*TESTS, *TESTS):
        yield Photo(part, category, "?", next(pictures))


def traps(category: str, first: int, pictures: Iterator[int]) -> Iterator[Photo]:
    """What is wrong with a dimension; ``first`` is the picture of its first photo."""
    last, one_before = (sure(category, len(DIMENSIONS[category]) - back) for back in (1, 2))
    of_first = sure(category, category == "sleeve_length")
    yield Photo("base", category, of_first, first, copy=1)
    yield Photo("base", category, of_first, first + 1, "mirrored")
    yield Photo("rank", category, "?", first + 2)
    conflict, near_conflict = next(pictures), next(pictures)
    yield Photo("base", category, last, conflict, reason="conflicting labels")
    yield Photo("base", category, one_before, conflict, reason="conflicting labels", copy=1)
    yield Photo("base", category, last, near_conflict, reason="conflicting labels")
    yield Photo("base", category, one_before, near_conflict, "mirrored", "conflicting labels")
    yield Photo("base", category, last[:-2] + "my", next(pictures))
    yield Photo("base", category, last, next(pictures), "half", "truncated")
    yield Photo("z_rank", category, "?", next(pictures), "page", "not an image")
    yield Photo("base", category, sure(category, 1 + len(category) % 4), SHARED_PICTURE)
    yield Photo("web", category, WITHOUT_ROW, next(pictures))


def planned() -> list[Photo]:
    photos: list[Photo] = []
    for number, category in enumerate(DIMENSIONS):
        pictures = count(100 * number)
        photos += [*ordinary(category, pictures), *traps(category, 100 * number, pictures)]
    return photos


PHOTOS = planned()


def write_tables(root: Path, photos: list[Photo]) -> None:
    """Rows of all dimensions in one file, in no order."""
    for part, (file, start, header, end) in TABLES.items():
        rows = [
            f"{photo.path},{photo.category}_labels,{photo.label}"
            for photo in photos
            if photo.part == part and photo.label != WITHOUT_ROW
        ]
        shuffled = np.random.default_rng(1).permutation(rows).tolist()
        (root / part / file).parent.mkdir(parents=True)
        text = start + "".join(line + end for line in [*([header] if header else []), *shuffled])
        (root / part / file).write_bytes(text.encode())


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("release")
    write_tables(root, PHOTOS)
    for photo in PHOTOS:
        path = root / photo.image_key
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.exists()
        path.write_bytes(photo.encode())
    for name in LEFT_BEHIND:
        for folder in root.glob("*/Images/*_labels"):
            (folder / name).write_bytes(b"x")
    return root


@pytest.fixture(scope="module", params=DIMENSIONS)
def category(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def result(release: Path, ingest: Ingest, category: str) -> Any:
    return ingest(release, category, allow_missing=False)


def photos_of(category: str, **wanted: str) -> list[Photo]:
    """Photos of a dimension that stand in a table, with the given attributes."""
    return [
        photo
        for photo in PHOTOS
        if photo.category == category
        and photo.label != WITHOUT_ROW
        and all(getattr(photo, name) == value for name, value in wanted.items())
    ]


def num_pairs(category: str) -> dict[str, int]:
    """Each file beyond the first of its bytes is one pair, and each other rendering of a picture another one."""
    readable = [photo for photo in photos_of(category) if photo.kind in ("upright", "mirrored")]
    files = {(photo.picture, photo.kind) for photo in readable}
    return {"identical": len(readable) - len(files), "near": len(files) - len({picture for picture, _ in files})}


def num_leaks(category: str) -> int:
    labelled = {photo.picture for photo in photos_of(category, role="labelled")}
    return sum(photo.picture in labelled for photo in photos_of(category, role="to predict"))


def num_groups(category: str) -> int:
    return len({photo.picture for photo in photos_of(category, reason="")})


def test_the_release_is_as_large_and_as_varied_as_it_should_be() -> None:
    assert 7 <= len(PHOTOS) / sum(map(len, DIMENSIONS.values())) <= 10
    assert {photo.part for photo in PHOTOS} == set(TABLES)
    assert Counter(photo.value for photo in photos_of("sleeve_length"))["Invisible"] == 0
    for category in DIMENSIONS:
        assert num_pairs(category) == {"identical": 3, "near": 2}
        assert num_leaks(category) == 1


@pytest.mark.fault(53, 73)
def test_every_photo_is_used_or_left_out_with_its_label_and_reason(category: str, result: Any) -> None:
    used = result.manifest[["image_key", "value", "label_string", "role"]].itertuples(index=False, name=None)
    assert sorted(used) == sorted(
        (photo.image_key, photo.value, photo.label.strip("?"), photo.role) for photo in photos_of(category, reason="")
    )
    left_out = result.quarantine[["image_key", "value", "role", "reason"]].itertuples(index=False, name=None)
    assert sorted(left_out) == sorted(
        (photo.image_key, photo.value, photo.role, photo.reason) for photo in photos_of(category) if photo.reason
    )
    assert set(result.manifest["fixes"]) == {""}


def test_photos_are_counted_by_value(category: str, result: Any) -> None:
    counts = count_values(result.manifest, result.quarantine, DIMENSIONS[category]).set_index("value")
    for value in DIMENSIONS[category]:
        of_value = photos_of(category, value=value)
        used = [photo for photo in of_value if not photo.reason]
        assert counts.loc[value, ["labelled", "different", "with_maybe", "quarantined"]].tolist() == [
            len(used),
            len({photo.picture for photo in used}),
            sum("m" in photo.label for photo in used),
            len(of_value) - len(used),
        ]


@pytest.mark.fault(60, 61, 62, 63)
def test_copies_and_leaks_are_counted_and_share_their_group(category: str, result: Any) -> None:
    assert result.duplicates["kind"].value_counts().to_dict() == num_pairs(category)
    table = find(
        result.photos, result.manifest, result.quarantine, result.duplicates, result.thumbnails, result.notes
    ).set_index("finding")["photos"]
    leaks = "photos to predict that are also labelled"
    assert table[[leaks, "pairs of copies with different values"]].tolist() == [num_leaks(category), 2]
    picture = result.manifest["image_key"].map({photo.image_key: photo.picture for photo in PHOTOS})
    of_picture = result.manifest.groupby(picture)["group"]
    assert of_picture.nunique().max() == 1
    assert result.manifest["group"].nunique() == len(of_picture) == num_groups(category)


@pytest.mark.fault(61)
def test_the_same_photo_in_two_dimensions_is_no_conflict(release: Path, category: str, result: Any) -> None:
    shared = [photo for photo in PHOTOS if photo.picture == SHARED_PICTURE]
    assert len({(release / photo.image_key).read_bytes() for photo in shared}) == 1
    assert len({photo.label.index("y") for photo in shared}) > 1
    [own] = [photo.image_key for photo in shared if photo.category == category]
    assert own in set(result.manifest["image_key"])


@pytest.mark.fault(81)
def test_questions_keep_the_order_of_their_files(release: Path, category: str, result: Any) -> None:
    asked = []
    for part in TESTS:
        lines = (release / part / "Tests" / "question.csv").read_text("utf-8-sig").splitlines()
        asked += [f"{part}/{line.split(',')[0]}" for line in lines if f",{category}_labels,?" in line]
    photos = result.photos[result.photos["role"] == "to predict"]
    assert photos["image_key"].tolist() == asked
    assert photos["position"].tolist() == list(range(2 * len(TESTS) + 2))


@pytest.mark.fault(43, 88)
def test_orphans_and_what_desktops_leave_are_noted_and_not_read(release: Path, category: str, result: Any) -> None:
    [orphan] = [photo.image_key for photo in PHOTOS if photo.category == category and photo.label == WITHOUT_ROW]
    note = f"1 photos of {category} stand in no label or question file, for example {orphan}"
    num_folders = len(list(release.glob("*/Images/*_labels")))
    assert num_folders == len(TABLES) * len(DIMENSIONS)
    passed = Counter(why for why in LEFT_BEHIND.values() for _ in range(num_folders))
    assert result.notes[0] == note
    assert sorted(text.split(", for example")[0] for text in result.notes[1:]) == sorted(
        f"{number} passed over ({why})" for why, number in passed.items()
    )


@pytest.mark.fault(62)
@pytest.mark.parametrize("fold", [0, 4])
def test_folds_keep_groups_together_and_every_value_on_both_sides(
    category: str, result: Any, test_parameters: ProjectParameters, fold: int
) -> None:
    folds = assign_folds(result.manifest, test_parameters.split.model_copy(update={"validation_fold": fold}))
    dealt = result.manifest[result.manifest["role"] == "labelled"].merge(folds, on="image_key", validate="1:1")
    assert len(dealt) == len(photos_of(category, reason="", role="labelled"))
    assert dealt.groupby("group")[["fold", "half"]].nunique().to_numpy().max() == 1
    sides = dealt.groupby("value")["subset"].unique().map(set)
    assert set(sides.index) == set(DIMENSIONS[category]) - ({"Invisible"} if category == "sleeve_length" else set())
    assert sides.map({"train", "validation"}.__eq__).all()


def test_the_command_counts_the_same_and_reads_again_what_was_touched(
    release: Path, kedro_run: KedroRun, tmp_path: Path
) -> None:
    raw, data, category = tmp_path / "raw", tmp_path / "data", "skirt_length"
    shutil.copytree(release, raw)
    given = {"raw": raw, "category": category, "data": data, "ingest__max_quarantine_share": 0.2}
    num_photos = len(photos_of(category))
    exit_code, said = kedro_run("--pipeline=split", **given)
    assert exit_code == 0, said
    assert f"{num_photos} of {num_photos} photos are new or have changed" in said
    check_files(data, category)
    os.utime(raw / photos_of(category)[0].image_key, ns=(1, 1))
    exit_code, said = kedro_run("--pipeline=split", **given)
    assert exit_code == 0, said
    assert f"1 of {num_photos} photos are new or have changed" in said
    check_files(data, category)


def check_files(data: Path, category: str) -> None:
    primary, reporting = data / "03_primary" / category, data / "08_reporting" / category
    manifest, subsets, questions = (
        pd.read_parquet(primary / f"{name}.parquet") for name in ("manifest", "subsets", "questions")
    )
    quarantine = pd.read_csv(primary / "quarantine.csv")
    used, labelled = photos_of(category, reason=""), photos_of(category, reason="", role="labelled")
    assert set(manifest["image_key"]) == {photo.image_key for photo in used}
    assert manifest["group"].nunique() == num_groups(category)
    assert subsets["image_key"].tolist() == manifest["image_key"].tolist()
    assert set(subsets.loc[subsets["fold"] >= 0, "image_key"]) == {photo.image_key for photo in labelled}
    assert len(questions) == len(photos_of(category, role="to predict"))
    assert Counter(quarantine["reason"]) == Counter(photo.reason for photo in photos_of(category) if photo.reason)
    assert Counter(pd.read_csv(primary / "duplicates.csv")["kind"]) == num_pairs(category)
    assert pd.read_csv(reporting / "overview.csv")["labelled"].sum() == len(labelled)
    findings = pd.read_csv(reporting / "findings.csv").set_index("finding")["photos"]
    assert findings["photos to predict that are also labelled"] == num_leaks(category)
    pictures = {"overview", "photo_sizes", "values", "duplicates"}
    assert {path.stem for path in reporting.glob("*.png")} == pictures


@pytest.mark.fault(63)
@pytest.mark.parametrize(
    ("category", "num_labelled", "num_asked", "similarities"),
    [
        ("skirt_length", 306, 103, [0.95, 0.94, 0.87]),
        ("coat_length", 305, 111, [0.94, 0.87, 0.85]),
        ("pant_length", 704, 240, [0.85]),
        ("sleeve_length", 770, 248, []),
    ],
)
def test_copies_among_street_photos_are_those_that_people_see(
    shared_photos: Path,
    ingest: Ingest,
    category: str,
    num_labelled: int,
    num_asked: int,
    similarities: list[float],
) -> None:
    """Five pairs of the same person in the same moment, some of them in two dimensions; all were looked at."""
    result = ingest(shared_photos, category)
    assert Counter(result.manifest["role"]) == {"labelled": num_labelled, "to predict": num_asked}
    assert result.quarantine.empty
    assert set(result.duplicates["kind"]) <= {"near"}
    assert result.duplicates["similarity"].round(2).tolist() == similarities
    assert (result.duplicates["first_value"] == result.duplicates["second_value"]).all()
    assert (result.duplicates["first_role"] == result.duplicates["second_role"]).all()
    assert result.manifest["group"].nunique() == num_labelled + num_asked - len(similarities)
