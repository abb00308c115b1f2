import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from waiting import meanwhile
from whole_flow import CANDIDATES

from apparel_eye import signals
from apparel_eye.data.photo_sources import PhotoSource, open_photos
from apparel_eye.data.raw_folder import RawFile, RawFolder
from apparel_eye.errors import DataError
from apparel_eye.networks.inference import identity_of
from apparel_eye.prediction import tag as tagging
from apparel_eye.prediction.models import load_category
from apparel_eye.prediction.parts import Models
from apparel_eye.prediction.recognizer import Recognizer
from apparel_eye.prediction.tag import tag, tag_bytes, with_photos
from apparel_eye.schemas import Predictions

BAD = {"b.jpg": (b"", "the file has no bytes"), "e.jpg": (b"<html></html>", "HTML"), "sub/a.txt": (b"text", "a text")}
GOOD = ("a.png", "c.png", "d.png", "f.png")


@pytest.fixture(scope="module", params=CANDIDATES)
def recognizer(results: Path, request: pytest.FixtureRequest) -> Recognizer:
    return load_category(results, "skirt_length", request.param)


@pytest.fixture(scope="module")
def network(results: Path) -> Recognizer:
    return load_category(results, "skirt_length", "tta")


@pytest.fixture
def photos() -> dict[str, Image.Image]:
    generator = np.random.default_rng(0)
    return {
        key: Image.fromarray(generator.integers(0, 256, (40 + number, 30, 3), dtype=np.uint8))
        for number, key in enumerate(GOOD)
    }


@pytest.fixture
def folder(tmp_path: Path, photos: dict[str, Image.Image]) -> Path:
    (tmp_path / "sub").mkdir()
    for key, photo in photos.items():
        photo.save(tmp_path / key)
    for key, (data, _) in BAD.items():
        (tmp_path / key).write_bytes(data)
    return tmp_path


def tagged(folder: Path, recognizer: Recognizer, num_done: int = 0) -> pd.DataFrame:
    return pd.concat([part.rows for part in tag(open_photos(folder), recognizer, num_done)], ignore_index=True)


def probabilities_in(table: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """By the name of the photo, wherever it lies."""
    by_name = table.assign(photo=table["photo"].str.rpartition("/")[2]).set_index("photo").sort_index()
    return by_name[[f"probability of {value}" for value in values]]


def alone(recognizer: Recognizer, path: Path) -> np.ndarray:
    """Probabilities of one photo that has no neighbors."""
    identity = identity_of(hashlib.sha256(path.read_bytes()).hexdigest())
    pixels = recognizer.pixels_of(Image.open(path).convert("RGB"))
    return recognizer.predict([each[None] for each in pixels], np.array([identity], dtype=np.uint64))[0]


@pytest.mark.parametrize("part", [256, 2, 1])
def test_every_row_answers_for_its_own_photo(
    folder: Path, recognizer: Recognizer, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "_CHUNK", part)
    values = recognizer.about.values
    table = Predictions.validate(tagged(folder, recognizer)).set_index("photo")
    assert list(table.index) == sorted([*GOOD, *BAD])
    for key in GOOD:
        expected = alone(recognizer, folder / key)
        found = table.loc[key, [f"probability of {value}" for value in values]].astype(float)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert table.loc[key, "value"] == values[expected.argmax()]
        assert table.loc[key, "confidence"] == pytest.approx(expected.max(), abs=1e-5)
        second = max(set(range(len(values))) - {int(expected.argmax())}, key=lambda index: expected[index])
        assert table.loc[key, "second_value"] == values[second]
        assert table.loc[key, "second_confidence"] == pytest.approx(expected[second], abs=1e-5)
        assert table.loc[key, "problem"] == ""
    assert set(table["model"]) == {recognizer.version}


def test_a_file_that_is_no_photo_says_why_and_has_no_answer(folder: Path, network: Recognizer) -> None:
    table = tagged(folder, network).set_index("photo")
    for key, (_, problem) in BAD.items():
        assert problem in table.loc[key, "problem"]
        assert table.loc[key, ["value", "second_value"]].tolist() == ["", ""]
        assert not table.loc[key, "answered"]
    numbers = table.loc[list(BAD)].filter(regex="confidence$|^probability")
    assert numbers.shape[1] == 2 + len(network.about.values)
    assert numbers.isna().all(axis=None)


@pytest.mark.parametrize(
    ("probabilities", "second"), [([1.0], ("", None)), ([0.5, 0.5], ("b", 0.5)), ([0.2, 0.5, 0.3], ("c", 0.3))]
)
def test_the_second_value_is_another_one_than_the_first_and_none_where_there_is_one(
    folder: Path,
    network: Recognizer,
    monkeypatch: pytest.MonkeyPatch,
    probabilities: list[float],
    second: tuple[str, float | None],
) -> None:
    values = ("a", "b", "c")[: len(probabilities)]
    recognizer = Recognizer(network.about.model_copy(update={"values": values}), network._models, "tta")
    monkeypatch.setattr(recognizer, "predict", lambda pixels, identities: np.tile(probabilities, (len(identities), 1)))
    table = Predictions.validate(tagged(folder, recognizer)).set_index("photo").loc[list(GOOD)]
    assert set(table["value"]) == {values[int(np.argmax(probabilities))]}
    assert set(table["second_value"]) == {second[0]}
    assert set(table["second_confidence"].astype(object).where(table["second_confidence"].notna(), None)) == {second[1]}


def test_a_photo_is_answered_if_it_is_as_sure_as_the_threshold(folder: Path, network: Recognizer) -> None:
    confidences = tagged(folder, network)["confidence"].dropna().sort_values().to_list()
    for threshold, num_answered in ((confidences[2], 2), (0.0, 4), (1.0, 0), (None, 0)):
        candidate = network.about.candidates["tta"].model_copy(update={"threshold": threshold})
        about = network.about.model_copy(update={"candidates": {"tta": candidate}})
        assert tagged(folder, Recognizer(about, network._models, "tta"))["answered"].sum() == num_answered


@pytest.mark.fault(90)
def test_no_name_of_a_file_is_a_formula_and_all_of_them_are_paths(folder: Path, network: Recognizer) -> None:
    for name in ("=1+1.png", "@SUM(A1).png", "-2.png", "+3.png", " 4.png", "\t5.png"):
        shutil.copy(folder / GOOD[0], folder / name)
    photos = tagged(folder, network)["photo"]
    assert not photos.str.match(r"[=+\-@\s]").any()
    assert all((folder / photo).is_file() for photo in photos)
    assert len(photos) == len(GOOD) + len(BAD) + 6


@pytest.mark.fault(77)
def test_folders_that_are_named_by_values_in_another_order_change_no_answer(folder: Path, network: Recognizer) -> None:
    values = network.about.values
    assert sorted(values) != list(values)
    before = probabilities_in(tagged(folder, network), values)
    for key, value in zip(GOOD, sorted(values), strict=False):
        (folder / value).mkdir()
        (folder / key).rename(folder / value / key)
    pd.testing.assert_frame_equal(probabilities_in(tagged(folder, network), values), before, atol=1e-5)


@pytest.mark.fault(77)
def test_answers_are_named_by_the_values_that_the_models_were_trained_with(folder: Path, network: Recognizer) -> None:
    order = network.about.values[::-1]
    renamed = Recognizer(network.about.model_copy(update={"values": order}), network._models, "tta")
    table = tagged(folder, renamed)
    assert table.filter(like="probability of ").columns.tolist() == [f"probability of {value}" for value in order]
    answers = probabilities_in(tagged(folder, network), network.about.values)
    np.testing.assert_array_equal(probabilities_in(table, order), answers)


def test_a_folder_without_a_single_photo_has_its_problems(folder: Path, network: Recognizer) -> None:
    for key in GOOD:
        (folder / key).unlink()
    table = Predictions.validate(tagged(folder, network))
    assert table["photo"].tolist() == sorted(BAD)
    assert (table["problem"] != "").all()


def test_a_source_without_files_is_refused(tmp_path: Path, network: Recognizer) -> None:
    with pytest.raises(DataError, match=r"has no files; .*--params photos=FOLDER"):
        next(tag(RawFolder(tmp_path, ()), network))


@pytest.mark.parametrize(("num_done", "first"), [(0, 0), (2, 2), (6, 6), (7, 6)])
def test_what_was_done_before_is_not_done_again_but_the_last_part(
    folder: Path, network: Recognizer, num_done: int, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "_CHUNK", 2)
    whole = tagged(folder, network)
    parts = list(tag(open_photos(folder), network, num_done))
    assert [(part.start, part.num_rows) for part in parts] == [(start, 7) for start in range(first, 7, 2)]
    rest = pd.concat([part.rows for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(rest, whole.iloc[first:].reset_index(drop=True))


def test_a_processor_does_not_read_while_it_predicts(
    folder: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer = load_category(results, "skirt_length", "tta")
    infer = recognizer.about.infer.model_copy(update={"batch_size": 2})
    recognizer.about = recognizer.about.model_copy(update={"infer": infer})
    read, read_until_then = [], []

    def read_file(source: PhotoSource, file: RawFile, recognizer: Recognizer) -> tagging._Read:
        read.append(file.key)
        return original(source, file, recognizer)

    def predict(pixels: list[np.ndarray], identities: np.ndarray) -> np.ndarray:
        meanwhile(0.05)
        read_until_then.append(len(read))
        return np.full((len(identities), len(recognizer.about.values)), 1 / len(recognizer.about.values))

    original = tagging._read
    monkeypatch.setattr(tagging, "_read", read_file)
    monkeypatch.setattr(recognizer, "predict", predict)
    monkeypatch.setattr(tagging, "_CHUNK", 3)  # batches of 2, 1, 2, 1 and 1, the last of which is no photo
    tagged(folder, recognizer)
    assert len(read) == 7
    assert read_until_then == [2, 3, 5, 6]


def test_a_signal_stops_between_two_batches(folder: Path, network: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "_CHUNK", 2)
    parts = tag(open_photos(folder), network)
    next(parts)
    monkeypatch.setattr(signals, "_asked", [(15, 0.0)])
    with pytest.raises(signals.Interrupted):
        next(parts)


def test_photos_in_memory_get_the_same_rows(folder: Path, recognizer: Recognizer) -> None:
    table = tagged(folder, recognizer)
    given = [(key, (folder / key).read_bytes()) for key in table["photo"]]
    pd.testing.assert_frame_equal(tag_bytes(given, recognizer), table, atol=1e-5)
    assert list(tag_bytes([], recognizer).columns) == list(table.columns)


def test_photos_that_are_shown_can_be_read(folder: Path, network: Recognizer) -> None:
    rows = tagged(folder, network)
    (folder / GOOD[1]).unlink()
    (folder / GOOD[2]).write_bytes(b"no longer a photo")
    shown, photos = with_photos(open_photos(folder), rows, network.about.limits)
    assert shown["photo"].tolist() == [GOOD[0], GOOD[3]]
    assert [photo.size for photo in photos] == [(30, 40), (30, 43)]


def test_a_photo_that_is_read_twice_has_one_answer(folder: Path, network: Recognizer) -> None:
    data = (folder / GOOD[0]).read_bytes()
    table = tag_bytes([("one", data), ("two", data)], network)
    assert table.iloc[0, 1:].equals(table.iloc[1, 1:])


def test_models_are_those_of_the_column_that_is_asked_for(network: Recognizer) -> None:
    bare = Recognizer(network.about, Models(network._models.network, {}, {}), "plain")
    nothing = [np.zeros((1, *size, 3), dtype=np.uint8) for size in bare.sizes]
    assert bare.predict(nothing, np.zeros(1, dtype=np.uint64)).shape == (1, 6)


def test_a_thousand_mixes_of_good_and_bad_files_have_an_answer_for_each_of_their_own(
    folder: Path, network: Recognizer
) -> None:
    """Batches of one to twelve files in any order, with repetitions: what a file gets alone, it gets among others."""
    infer = network.about.infer.model_copy(update={"num_drawn": 1})  # a drawn view and the plain one, to be quick
    recognizer = Recognizer(network.about.model_copy(update={"infer": infer}), network._models, network.candidate)
    truncated = (folder / GOOD[3]).read_bytes()[:-200]
    files = {key: (folder / key).read_bytes() for key in (*GOOD, *BAD)} | {"truncated.png": truncated}
    single = {key: tag_bytes([(key, data)], recognizer).iloc[0] for key, data in files.items()}
    numeric = ["confidence", *(f"probability of {value}" for value in network.about.values)]
    generator = np.random.default_rng(0)
    problems = 0
    for _ in range(1000):
        keys = generator.choice(list(files), size=generator.integers(1, 13)).tolist()
        table = tag_bytes([(key, files[key]) for key in keys], recognizer)
        wanted = pd.DataFrame([single[key] for key in keys])
        assert table["photo"].tolist() == keys
        assert table["problem"].tolist() == wanted["problem"].tolist()
        assert table["value"].tolist() == wanted["value"].tolist()
        np.testing.assert_allclose(table[numeric].astype(float), wanted[numeric].astype(float), atol=1e-5)
        problems += int((table["problem"] != "").sum())
    assert problems > 1000
