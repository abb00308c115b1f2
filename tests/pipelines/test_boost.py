"""Heads that are fitted by nodes, on arrays that the test has planted values in."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from photo_tables import subsets_of

from apparel_eye.activations.index import ALL, NONE, index_of
from apparel_eye.activations.pooling import POOLINGS
from apparel_eye.classifiers.bags import inspect
from apparel_eye.classifiers.heads import predict_views
from apparel_eye.classifiers.registry import HEADS, load_head
from apparel_eye.errors import DataError
from apparel_eye.parameters import BoostParameters, ProjectParameters
from apparel_eye.pipelines.boost import nodes
from apparel_eye.schemas import BagFilters, Probabilities
from apparel_eye.selection.tables import probabilities_of

VALUES = ["short", "long", "longer"]
NUM_LABELLED, NUM_QUESTIONS = 48, 6
SHAPE = (6, 4, 3)
PLANTED = (4, 1, 2)
"""Filter, row and column that grow with the value."""
Table = pd.DataFrame
of_each_head = pytest.mark.parametrize("head", HEADS)


class Photos:
    """Photos to train, to validate and to predict, with their activations."""

    def __init__(self, parameters: ProjectParameters) -> None:
        generator = np.random.default_rng(0)
        num = NUM_LABELLED + NUM_QUESTIONS
        values = np.arange(num) % 3
        labels = [["ynn", "nyn", "nny"][value] for value in values[:NUM_LABELLED]]
        self.subsets = subsets_of(
            [*["train", "train", "train", "validation"] * (NUM_LABELLED // 4), *["to predict"] * NUM_QUESTIONS],
            [*labels, *[""] * NUM_QUESTIONS],
            VALUES,
            half=np.arange(num) // 4 % 2,
        )
        maps = generator.normal(size=(num, 2, *SHAPE))
        maps[:, :, *PLANTED] += 6 * values[:, None]
        self.activations = maps.astype(np.float16)
        self.pooled = POOLINGS["rows"](self.activations)
        self.index = index_of(self.subsets.table)
        self.network_of = np.full(num, ALL)
        self.truth = values
        mode = {"device": "cpu", "precision": "float32", "memory_format": "contiguous"}
        self.modes = {"predict": mode, "train": mode}
        self.boost, self.refit = parameters.boost, parameters.submit.refit

    def set(self, head: str, **changed: object) -> None:
        """Other parameters of a head."""
        given = getattr(self.boost, head).model_copy(update=changed)
        self.boost: BoostParameters = self.boost.model_copy(update={head: given})

    def train(self, head: str) -> tuple[Any, Table]:
        of_photos = [self.index, self.network_of, self.subsets]
        needed = {
            **({"pooled": self.pooled} if "pooled" in HEADS[head].sees else {}),
            **({"modes": self.modes} if HEADS[head].uses_device else {}),
        }
        parameters = getattr(self.boost, head), self.boost.weights, self.refit
        return nodes.train(HEADS[head])(self.activations, *of_photos, *parameters, **needed)


@pytest.fixture
def photos(test_parameters: ProjectParameters) -> Photos:
    return Photos(test_parameters)


@of_each_head
def test_a_head_answers_for_validation_photos_and_photos_to_predict(photos: Photos, head: str) -> None:
    _, table = photos.train(head)
    assert set(Probabilities.validate(table)["candidate"]) == {head}
    keys = photos.subsets.table["image_key"]
    of_role = table.groupby("role")["image_key"].agg(list).to_dict()
    assert of_role == {"validation": list(keys[3:NUM_LABELLED:4]), "to predict": list(keys[NUM_LABELLED:])}


@of_each_head
def test_a_head_is_not_fitted_on_photos_that_the_network_was_trained_on(photos: Photos, head: str) -> None:
    photos.refit = False
    out = photos.subsets.train[photos.subsets.train % 2 == 0]
    photos.network_of[out] = NONE
    expected, _ = photos.train(head)
    photos.activations[out] = 0
    photos.pooled[out] = 0
    np.testing.assert_equal(photos.train(head)[0], expected)
    photos.network_of[out] = ALL
    with pytest.raises(AssertionError):
        np.testing.assert_equal(photos.train(head)[0], expected)


@pytest.mark.parametrize(
    ("head", "features"),
    [(name, features) for name, head in HEADS.items() for features in head.sees],
)
def test_the_model_gives_the_probabilities_of_photos_to_predict(photos: Photos, head: str, features: str) -> None:
    if len(HEADS[head].sees) > 1:
        photos.set(head, features=features)
    model, table = photos.train(head)
    seen = photos.pooled if features == "pooled" else photos.activations.reshape(*photos.pooled.shape[:2], -1)
    questions = np.arange(NUM_LABELLED, NUM_LABELLED + NUM_QUESTIONS)
    expected = predict_views(load_head(head, model), seen, questions, np.arange(3), 3)
    found = probabilities_of(table, head, photos.subsets.keys_of(questions))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@of_each_head
def test_what_is_planted_is_learned(photos: Photos, head: str) -> None:
    photos.set("bags", num_bags=5, block_columns=1.0, num_rounds=30)
    photos.set("perceptron", num_epochs=300, penalty=0.0, learning_rate=1e-2)
    photos.set("xgboost", num_rounds=30)
    photos.set("lightgbm", num_rounds=30, block_columns=1.0)
    _, table = photos.train(head)
    validation = np.arange(3, NUM_LABELLED, 4)
    answers = probabilities_of(table, head, photos.subsets.keys_of(validation)).argmax(axis=1)
    assert (answers == photos.truth[validation]).mean() > 0.7


@of_each_head
def test_a_second_fit_is_made_if_heads_are_submitted_so(photos: Photos, head: str) -> None:
    answers = []
    for refit in (True, False):
        photos.refit = refit
        _, table = photos.train(head)
        answers.append({role: rows.filter(regex="^p").to_numpy() for role, rows in table.groupby("role")})
    np.testing.assert_array_equal(answers[0]["validation"], answers[1]["validation"])
    assert not np.array_equal(answers[0]["to predict"], answers[1]["to predict"])


@of_each_head
def test_activations_of_other_photos_are_refused(photos: Photos, head: str) -> None:
    photos.index = photos.index[::-1].reset_index(drop=True)
    with pytest.raises(DataError, match=r"row 0 is of 53\.jpg"):
        photos.train(head)


def test_boosters_compute_where_the_network_does() -> None:
    modes = {device: {"predict": {"device": device}} for device in ("cpu", "cuda", "cuda:1", "mps")}
    devices = {device: nodes._device_of(mode) for device, mode in modes.items()}
    assert devices == {"cpu": "cpu", "cuda": "cuda", "cuda:1": "cuda", "mps": "cpu"}


@pytest.fixture
def bags_model(photos: Photos) -> str:
    photos.set("bags", block_columns=1.0, num_bags=3, num_filters=2, num_rounds=10)
    model: str = photos.train("bags")[0]
    return model


def test_filters_are_described_the_most_important_first(bags_model: str) -> None:
    table = BagFilters.validate(nodes.describe_bags(bags_model))
    assert sorted(table["filter"]) == list(range(SHAPE[0]))
    assert table["importance"].is_monotonic_decreasing
    assert table["importance"].sum() == pytest.approx(1)
    assert table["gain"].sum() == pytest.approx(1)
    assert table["bags"].sum() == 3 * 2
    first = table.iloc[0]
    assert (first["filter"], first["row"], first["column"]) == PLANTED


def test_each_filter_is_described_by_its_own_numbers(bags_model: str) -> None:
    looked, table = inspect(bags_model), nodes.describe_bags(bags_model).set_index("filter").sort_index()
    np.testing.assert_allclose(table["gain"], looked.gains.sum(axis=(1, 2)))
    np.testing.assert_allclose(table["importance"], looked.importances / looked.importances.sum())
    np.testing.assert_array_equal(table["bags"], looked.num_bags)
    for number, (row, column) in table[["row", "column"]].iterrows():
        assert looked.gains[number, row, column] == looked.gains[number].max()


def test_bags_without_importances_are_described_too(bags_model: str) -> None:
    fitted = json.loads(bags_model)
    blank = json.dumps({**fitted, "importances": [0.0] * SHAPE[0]})
    assert (BagFilters.validate(nodes.describe_bags(blank))["importance"] == 0).all()


def test_the_mean_of_labelled_photos_is_shown_below_the_gains_of_all_filters(photos: Photos, bags_model: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_LABELLED + NUM_QUESTIONS, 16, 12, 3), dtype=np.uint8)
    figure = nodes.draw_bags(bags_model, nodes.describe_bags(bags_model), pixels, photos.subsets)
    photo, gains = (image.get_array() for image in figure.axes[0].images)
    np.testing.assert_array_equal(photo, pixels[:NUM_LABELLED].mean(axis=0).round())
    np.testing.assert_allclose(gains, inspect(bags_model).gains.sum(axis=0))
