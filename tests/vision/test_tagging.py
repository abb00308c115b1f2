import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from apparel_eye.checkpoint import Checkpoint
from apparel_eye.errors import DataError
from apparel_eye.parameters import AugmentationParameters, InferParameters, PhotoParameters
from apparel_eye.raw_folder import scan_folder
from apparel_eye.schemas import Predictions
from apparel_eye.vision import tagging
from apparel_eye.vision.classifier import Description
from apparel_eye.vision.device import Mode
from apparel_eye.vision.inference import Predictor, identity_of
from apparel_eye.vision.reading.photos import resize_photo

BAD = {"b.jpg": (b"", "the file has no bytes"), "e.jpg": (b"<html></html>", "HTML"), "sub/a.txt": (b"text", "a text")}
GOOD = ("a.png", "c.png", "d.png", "f.png")

Tag = Callable[[], pd.DataFrame]


@pytest.fixture
def photos() -> dict[str, Image.Image]:
    generator = np.random.default_rng(0)
    return {
        key: Image.fromarray(generator.integers(0, 256, (40 + number, 30, 3), dtype=np.uint8))
        for number, key in enumerate(GOOD)
    }


@pytest.fixture
def folder(tmp_path: Path, photos: dict[str, Image.Image], encode: Callable[..., bytes]) -> Path:
    (tmp_path / "sub").mkdir()
    for key, photo in photos.items():
        (tmp_path / key).write_bytes(encode(photo))
    for key, (data, _) in BAD.items():
        (tmp_path / key).write_bytes(data)
    return tmp_path


@pytest.fixture
def tag(
    folder: Path,
    checkpoint: Checkpoint,
    infer: InferParameters,
    augmentation: AugmentationParameters,
    limits: PhotoParameters,
) -> Tag:
    def tagged() -> pd.DataFrame:
        raw = scan_folder(folder)
        return tagging.tag(raw, checkpoint, infer, augmentation, Mode(), limits)

    return tagged


@pytest.mark.parametrize("part", [256, 2, 1])
def test_every_row_answers_for_its_own_photo(
    tag: Tag,
    part: int,
    photos: dict[str, Image.Image],
    folder: Path,
    checkpoint: Checkpoint,
    infer: InferParameters,
    augmentation: AugmentationParameters,
    description: Description,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tagging, "_PART", part)
    table = Predictions.validate(tag()).set_index("photo")
    assert list(table.index) == sorted([*GOOD, *BAD])
    predictor = Predictor(checkpoint, "best", infer, augmentation, Mode())
    for key, photo in photos.items():
        pixels = resize_photo(photo, (32, 32), "squash")[None]
        identity = identity_of(hashlib.sha256((folder / key).read_bytes()).hexdigest())
        alone = predictor.predict(pixels, np.array([0]), np.array([identity], dtype=np.uint64))[1][0]
        np.testing.assert_allclose(
            table.loc[key, [f"probability of {value}" for value in description.values]].astype(float), alone, atol=1e-5
        )
        assert table.loc[key, "value"] == description.values[alone.argmax()]
        assert table.loc[key, "confidence"] == pytest.approx(alone.max(), abs=1e-5)
        assert table.loc[key, "problem"] == ""


def test_a_file_that_is_no_photo_says_why_and_has_no_answer(tag: Tag, description: Description) -> None:
    table = tag().set_index("photo")
    for key, (_, problem) in BAD.items():
        assert problem in table.loc[key, "problem"]
        assert table.loc[key, "value"] == ""
        assert table.loc[key, ["confidence", *(f"probability of {value}" for value in description.values)]].isna().all()


@pytest.mark.fault(90)
def test_no_name_of_a_file_is_a_formula_and_all_of_them_are_paths(tag: Tag, folder: Path) -> None:
    for name in ("=1+1.png", "@SUM(A1).png", "-2.png", "+3.png", " 4.png", "\t5.png"):
        shutil.copy(folder / GOOD[0], folder / name)
    photos = tag()["photo"]
    assert not photos.str.match(r"[=+\-@\s]").any()
    assert all((folder / photo).is_file() for photo in photos)
    assert len(photos) == len(GOOD) + len(BAD) + 6


def answers_of(table: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """Probabilities by the name of the photo, wherever it lies."""
    by_name = table.assign(photo=table["photo"].str.rpartition("/")[2]).set_index("photo").sort_index()
    return by_name[[f"probability of {value}" for value in values]]


@pytest.mark.fault(77)
def test_folders_that_are_named_by_values_in_another_order_change_no_answer(
    tag: Tag, folder: Path, description: Description
) -> None:
    assert sorted(description.values) != list(description.values)
    before = answers_of(tag(), description.values)
    for key, value in zip(GOOD, sorted(description.values), strict=False):
        (folder / value).mkdir()
        (folder / key).rename(folder / value / key)
    pd.testing.assert_frame_equal(answers_of(tag(), description.values), before, atol=1e-5)


@pytest.mark.fault(77)
def test_answers_are_named_by_the_values_that_the_checkpoint_was_trained_with(
    tag: Tag,
    folder: Path,
    checkpoint: Checkpoint,
    description: Description,
    infer: InferParameters,
    augmentation: AugmentationParameters,
    limits: PhotoParameters,
) -> None:
    order = description.values[::-1]
    renamed = replace(checkpoint, description={**checkpoint.description, "values": order})
    table = tagging.tag(scan_folder(folder), renamed, infer, augmentation, Mode(), limits)
    assert table.filter(like="probability of ").columns.tolist() == [f"probability of {value}" for value in order]
    np.testing.assert_array_equal(answers_of(table, order), answers_of(tag(), description.values))


def test_a_folder_without_a_single_photo_has_its_problems(tag: Tag, folder: Path) -> None:
    for key in GOOD:
        (folder / key).unlink()
    table = tag()
    assert table["photo"].tolist() == sorted(BAD)
    assert (table["problem"] != "").all()


def test_a_folder_without_files_is_refused(tag: Tag, folder: Path) -> None:
    for key in (*GOOD, *BAD):
        (folder / key).unlink()
    with pytest.raises(DataError, match="has no files"):
        tag()
