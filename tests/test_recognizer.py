from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from apparel_eye.calibration import temper
from apparel_eye.checkpoint import Checkpoint
from apparel_eye.errors import UsageError
from apparel_eye.recognizer import Column, Recognizer
from apparel_eye.trained import load_category

COLUMNS = ("plain", "tta", "xgboost", "logistic")
IDENTITIES = np.arange(5, dtype=np.uint64)


@pytest.fixture(scope="module")
def load(results: Path) -> Callable[[str], Recognizer]:
    return lambda column: load_category(results, "skirt_length", column)


def photos(recognizer: Recognizer) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, *recognizer.size, 3), dtype=np.uint8)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_probabilities_are_tempered(load: Callable[[str], Recognizer], column: str, temperature: float) -> None:
    known = load(column)
    with_temperature = {
        degrees: Recognizer(
            known.about.model_copy(update={"columns": {column: Column(temperature=degrees, threshold=None)}}),
            known._models,
            column,
        )
        for degrees in (1.0, temperature)
    }
    raw, tempered = (with_temperature[degrees].predict(photos(known), IDENTITIES) for degrees in (1.0, temperature))
    np.testing.assert_allclose(tempered, temper(raw, temperature, range(raw.shape[1])), atol=1e-6)
    np.testing.assert_allclose(tempered.sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_photos_answer_does_not_depend_on_its_neighbors(load: Callable[[str], Recognizer], column: str) -> None:
    recognizer = load(column)
    pixels = photos(recognizer)
    together = recognizer.predict(pixels, IDENTITIES)
    for order in ([4, 2, 0], [3], [1, 1]):
        np.testing.assert_allclose(recognizer.predict(pixels[order], IDENTITIES[order]), together[order], atol=1e-5)


def test_the_column_that_was_chosen_answers_where_none_is_named(load: Callable[[str], Recognizer]) -> None:
    assert load("").column == load("tta").about.column


def test_a_misspelt_column_is_refused_with_the_nearest_name(load: Callable[[str], Recognizer]) -> None:
    with pytest.raises(UsageError, match=r"predict.column is 'xgbost'; did you mean xgboost\?"):
        load("xgbost")


def test_the_version_changes_with_any_weight_and_with_how_the_models_are_used(
    load: Callable[[str], Recognizer],
) -> None:
    recognizer = load("tta")
    about, models = recognizer.about, recognizer._models
    assert load("plain").version == recognizer.version
    name = "head.linear.2.bias" if "head.linear.2.bias" in models.network.of("best") else "head.hidden.6.bias"
    weights = dict(models.network.of("best"))
    weights[name] = weights[name] + np.float32(1e-3)
    others = [
        Recognizer(about.model_copy(update={"precision": 0.5}), models, "tta"),
        Recognizer(about, replace(models, network=Checkpoint.single(weights, models.network.description)), "tta"),
        Recognizer(about, replace(models, heads={**models.heads, "xgboost": models.heads["xgboost"] + " "}), "tta"),
    ]
    versions = {recognizer.version, *(other.version for other in others)}
    assert len(versions) == 4
    assert all(len(version) == 12 for version in versions)


def test_a_device_that_is_not_here_is_replaced_by_the_processor(load: Callable[[str], Recognizer]) -> None:
    recognizer = load("tta")
    elsewhere = {"device": "mps", "precision": "bfloat16", "memory_format": "contiguous"}
    about = recognizer.about.model_copy(update={"modes": {"predict": elsewhere, "train": elsewhere}})
    assert Recognizer(about, recognizer._models, "tta").mode.device == "cpu"
