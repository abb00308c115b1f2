from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from apparel_eye.reports.findings import find
from apparel_eye.schemas import Findings

Ingest = Callable[..., Any]
Label = Callable[..., None]
WritePhoto = Callable[..., Path]
FOLDER = "Images/skirt_length_labels"
SHORT, KNEE = "nynnnn", "nnynnn"
PAIR = ["kind", "first_image_key", "first_value", "first_role", "first_split"]
PAIR += ["second_image_key", "second_value", "second_role", "second_split"]
NUM_PHOTOS = 40
"""Of each value."""


def findings_of(result: Any) -> dict[str, tuple[int, str]]:
    table = Findings.validate(
        find(result.photos, result.manifest, result.quarantine, result.duplicates, result.thumbnails, result.notes)
    )
    return {row.finding: (row.photos, row.for_example) for row in table.itertuples()}


def found_in(
    photos: pd.DataFrame,
    pairs: Sequence[Sequence[str]] = (),
    thumbnails: np.ndarray | None = None,
    notes: Sequence[str] = (),
) -> dict[str, tuple[int, str]]:
    """Findings of photos that are all in the manifest."""
    quarantine = pd.DataFrame({"image_key": [], "reason": []}, dtype="str")
    duplicates = pd.DataFrame(pairs, columns=PAIR, dtype="str")
    pixels = np.zeros((len(photos), 64, 64), np.uint8) if thumbnails is None else thumbnails
    table = Findings.validate(find(photos, photos, quarantine, duplicates, pixels, notes))
    return {row.finding: (row.photos, row.for_example) for row in table.itertuples()}


def photos_of(values: Sequence[str], **columns: object) -> pd.DataFrame:
    keys = [f"{number}.jpg" for number in range(len(values))]
    usual = {"image_key": keys, "value": values, "role": "labelled", "fixes": "", "width": 64, "height": 96, "size": 9}
    return pd.DataFrame({**usual, **columns})


def test_clean_photos_have_no_findings(raw: Path, ingest: Ingest) -> None:
    result = ingest(raw)
    result.manifest["fixes"] = ""  # these photos are noise
    assert findings_of(result) == {}


@pytest.mark.fault(35)
def test_what_was_left_out_or_converted_is_counted_with_an_example(raw: Path, ingest: Ingest) -> None:
    for number in (2, 5):
        (raw / "base" / FOLDER / f"{number}.png").write_bytes(b"")
    (raw / "base" / FOLDER / "6.png").write_bytes(b"<html></html>")
    assert findings_of(ingest(raw)) == {
        "left out: empty": (2, f"base/{FOLDER}/2.png"),
        "left out: not an image": (1, f"base/{FOLDER}/6.png"),
        "read, but: noise": (7, f"base/{FOLDER}/0.png"),
    }


@pytest.mark.parametrize("last", ["", "orientation"], ids=["some photos are plain", "all have a fix"])
def test_a_photo_with_two_fixes_counts_for_both(last: str) -> None:
    fixes = ["trailing data, orientation", "orientation", last, "trailing data, 16 bit, orientation"]
    assert found_in(photos_of(["a"] * 4, fixes=fixes)) == {
        "read, but: 16 bit": (1, "3.jpg"),
        "read, but: orientation": (3 + bool(last), "0.jpg"),
        "read, but: trailing data": (2, "0.jpg"),
    }


@pytest.mark.fault(60, 63)
def test_copies_are_counted_by_kind(raw: Path, ingest: Ingest, label: Label) -> None:
    garment = Image.fromarray(np.random.default_rng(1).integers(0, 255, (9, 6, 3), dtype=np.uint8)).resize((240, 360))
    garment.save(raw / "base" / FOLDER / "garment.jpg", quality=95)
    ImageOps.mirror(garment).save(raw / "base" / FOLDER / "copy.jpg", quality=60)
    (raw / "base" / FOLDER / "3.png").write_bytes((raw / "base" / FOLDER / "0.png").read_bytes())
    label(raw, ("garment.jpg", SHORT), ("copy.jpg", SHORT))
    found = findings_of(ingest(raw))
    del found["read, but: noise"]
    assert found == {
        "pairs of identical files": (1, f"base/{FOLDER}/0.png and base/{FOLDER}/3.png"),
        "pairs of near copies": (1, f"base/{FOLDER}/garment.jpg and base/{FOLDER}/copy.jpg"),
    }


@pytest.mark.fault(61)
def test_copies_with_different_values_are_counted_beside_being_left_out(raw: Path, ingest: Ingest) -> None:
    (raw / "base" / FOLDER / "5.png").write_bytes((raw / "base" / FOLDER / "0.png").read_bytes())
    found = findings_of(ingest(raw))
    pair = f"base/{FOLDER}/0.png and base/{FOLDER}/5.png"
    assert found["pairs of copies with different values"] == (1, pair)
    assert found["left out: conflicting labels"] == (2, f"base/{FOLDER}/0.png")
    assert "photos to predict that are also labelled" not in found


@pytest.mark.fault(62)
def test_photos_to_predict_that_are_also_labelled_are_counted(
    raw: Path, ingest: Ingest, write_photo: WritePhoto
) -> None:
    write_photo(raw / "rank" / FOLDER / "1.png", 4, (44, 60))
    found = findings_of(ingest(raw))
    pair = f"base/{FOLDER}/4.png and rank/{FOLDER}/1.png"
    assert found["photos to predict that are also labelled"] == (1, pair)
    assert "pairs of copies with different values" not in found


def test_a_photo_to_predict_with_two_labelled_copies_is_one_photo() -> None:
    pairs = [
        ["near", "0.jpg", "a", "labelled", "", "4.jpg", "", "to predict", ""],
        ["near", "1.jpg", "a", "labelled", "", "4.jpg", "", "to predict", ""],
        ["near", "3.jpg", "", "to predict", "", "2.jpg", "a", "labelled", ""],
        ["near", "5.jpg", "", "to predict", "", "4.jpg", "", "to predict", ""],
    ]
    found = found_in(photos_of([*"aaa", "", "", ""], role=["labelled"] * 3 + ["to predict"] * 3), pairs)
    assert found == {
        "pairs of near copies": (4, "0.jpg and 4.jpg"),
        "photos to predict that are also labelled": (2, "0.jpg and 4.jpg"),
    }


@pytest.mark.fault(62)
def test_near_copies_across_a_given_split_are_counted() -> None:
    pairs = [
        ["near", "0.jpg", "a", "labelled", "train", "1.jpg", "a", "labelled", "validation"],
        ["near", "0.jpg", "a", "labelled", "train", "2.jpg", "a", "labelled", "train"],
    ]
    assert found_in(photos_of(["a"] * 3), pairs) == {
        "pairs of near copies": (2, "0.jpg and 1.jpg"),
        "pairs of near copies on both sides of the given split": (1, "0.jpg and 1.jpg"),
    }


def test_notes_of_the_layout_are_passed_on() -> None:
    assert found_in(photos_of(["a"]), notes=["3 photos lie astray", "one more"]) == {
        "3 photos lie astray": (0, ""),
        "one more": (0, ""),
    }


def shortcuts(photos: pd.DataFrame, thumbnails: np.ndarray) -> list[str]:
    return [finding.split(" alone tells")[0] for finding in found_in(photos, thumbnails=thumbnails)]


@pytest.fixture
def values() -> list[str]:
    return [*"abc"] * NUM_PHOTOS


@pytest.fixture
def plain(values: list[str]) -> np.ndarray:
    """Thumbnails of one texture, whose brightness and contrast say nothing."""
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(len(values), 64, 64))
    brightness, contrast = generator.uniform(100, 150, len(values)), generator.uniform(10, 30, len(values))
    return (brightness[:, None, None] + contrast[:, None, None] * noise).clip(0, 255).astype(np.uint8)


@pytest.fixture
def unremarkable(values: list[str]) -> pd.DataFrame:
    """Photos whose sizes say nothing."""
    generator = np.random.default_rng(1)
    sides = {side: generator.choice([64, 72, 96], len(values)) for side in ("width", "height")}
    return photos_of(values, size=generator.integers(5_000, 9_000, len(values)), **sides)


@pytest.mark.fault(79)
def test_what_says_nothing_of_the_value_is_no_shortcut(unremarkable: pd.DataFrame, plain: np.ndarray) -> None:
    assert shortcuts(unremarkable, plain) == []


@pytest.mark.fault(79)
@pytest.mark.parametrize("scale", [1.0, 0.4], ids=["brightness", "contrast"])
def test_light_that_tells_the_value_is_found(
    unremarkable: pd.DataFrame, plain: np.ndarray, values: list[str], scale: float
) -> None:
    is_a = np.array(values) == "a"
    is_b = np.array(values) == "b"
    changed = plain.astype(float)
    if scale == 1:
        changed[is_a] -= 60
        changed[is_b] += 60
    else:
        mean = changed.mean(axis=(1, 2), keepdims=True)
        changed = np.where(is_a[:, None, None], mean + 0.2 * (changed - mean), changed)
        changed = np.where(is_b[:, None, None], mean + 3.5 * (changed - mean), changed)
    assert shortcuts(unremarkable, changed.clip(0, 255).astype(np.uint8)) == ["brightness or contrast"]


@pytest.mark.fault(79)
@pytest.mark.parametrize("what", ["width", "height", "ratio"])
def test_sizes_that_tell_the_value_are_found(
    unremarkable: pd.DataFrame, plain: np.ndarray, values: list[str], what: str
) -> None:
    step = np.array([" abc".index(value) for value in values])
    sizes = {"width": {"width": 50 + 20 * step}, "height": {"height": 50 + 20 * step}}
    height = np.random.default_rng(2).integers(50, 90, len(values))
    sizes["ratio"] = {"height": height, "width": height * step}
    assert shortcuts(unremarkable.assign(**sizes[what]), plain) == ["size or side ratio"]


@pytest.mark.fault(79)
def test_file_sizes_that_tell_the_value_are_found_and_how_often(
    unremarkable: pd.DataFrame, plain: np.ndarray, values: list[str]
) -> None:
    sizes = unremarkable["size"] + [10_000 * "abc".index(value) for value in values]
    assert list(found_in(unremarkable.assign(size=sizes), thumbnails=plain)) == [
        "file size alone tells the value in 100% of cases: check how photos were collected"
    ]


@pytest.mark.fault(79)
def test_of_photos_to_predict_and_of_rare_values_no_shortcut_is_told(plain: np.ndarray) -> None:
    """Nine photos of a value may look alike by chance."""
    rare = photos_of(["a"] * 9 + ["b"] * 9 + ["c"] * 40, size=[1] * 9 + [2] * 9 + [3] * 40)
    assert shortcuts(rare, plain[:58]) == []
    asked = photos_of(["a"] * 60 + ["b"] * 60, role="to predict", size=range(120))
    assert shortcuts(asked, plain) == []


def test_a_shortcut_is_looked_for_in_the_photos_that_can_be_used(
    unremarkable: pd.DataFrame, plain: np.ndarray, values: list[str]
) -> None:
    """The manifest has its own order and lacks some rows, and the thumbnails are those of all photos."""
    photos = unremarkable.assign(size=[10_000 * "abc".index(value) for value in values])
    manifest = photos.drop(columns="size").sample(n=100, random_state=1, ignore_index=True)
    nothing = pd.DataFrame({"image_key": [], "reason": []}, dtype="str")
    found = find(photos, manifest, nothing, pd.DataFrame(columns=PAIR, dtype="str"), plain, [])
    assert found["finding"].str.split(" alone").str[0].tolist() == ["file size"]
