import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from photo_tables import relabelled, subsets_of

from apparel_eye.classifiers import heads, logistic, perceptron, xgboost_head
from apparel_eye.classifiers.heads import (
    Examples,
    Features,
    Probabilities,
    cross_predict,
    num_threads,
    photo_chunks,
    predict_views,
    read,
)
from apparel_eye.classifiers.xgboost_head import Boosters
from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics.probabilities import FLOOR
from apparel_eye.parameters import PerceptronParameters, WeightParameters, XGBoostParameters

NUM_PHOTOS, NUM_VIEWS, NUM_FEATURES = 30, 2, 12
GROUPS: NDArray[np.object_] = np.array([f"group {row}" for row in range(NUM_PHOTOS)], dtype=object)
USUAL, PLAIN = (
    WeightParameters(maybe_share=0.3, class_balance=0.0),
    WeightParameters(maybe_share=0.0, class_balance=0.0),
)
Head = tuple[Callable[[Examples], Any], Callable[..., Probabilities]]


@pytest.fixture
def subsets() -> Subsets:
    """Of four values the second has no photo at all; rows are dealt in turns."""
    labels = [label for row in range(10) for label in [("ynnn", "nnyn", "nnny")[row % 3]] * 2 + [""]]
    return subsets_of(["train", "validation", "to predict"] * 10, labels, ["a", "b", "c", "d"])


@pytest.fixture
def features() -> Features:
    """Clouds by value, so that there is something to learn."""
    generator = np.random.default_rng(0)
    centers = 2 * generator.normal(size=(3, NUM_FEATURES))
    of_photos = centers[np.arange(NUM_PHOTOS) // 3 % 3][:, None]
    return (of_photos + generator.normal(size=(NUM_PHOTOS, NUM_VIEWS, NUM_FEATURES))).astype(np.float32)


def _predict_boosters(model: str, features: NDArray[np.float32]) -> NDArray[np.float64]:
    return Boosters(model).predict(features)


@pytest.fixture(params=["logistic", "perceptron", "xgboost"])
def head(
    request: pytest.FixtureRequest, xgboost_parameters: XGBoostParameters, perceptron_parameters: PerceptronParameters
) -> Head:
    known: dict[str, Head] = {
        "logistic": (partial(logistic.fit, strength=10.0, max_iterations=1000), logistic.predict),
        "perceptron": (partial(perceptron.fit, parameters=perceptron_parameters), perceptron.predict),
        "xgboost": (partial(xgboost_head.fit, parameters=xgboost_parameters), _predict_boosters),
    }
    return known[request.param]


@pytest.fixture
def recorder() -> tuple[list[Examples], Head]:
    """A head that keeps what it was fitted on and answers with the first features."""
    fitted: list[Examples] = []

    def fit(examples: Examples) -> int:
        fitted.append(examples)
        return len(fitted)

    def predict(model: int, features: Features) -> NDArray[np.float64]:
        shares = np.abs(features[:, :3]).astype(np.float64)
        return shares / shares.sum(axis=1, keepdims=True)

    return fitted, (fit, predict)


def crossed(
    head: Head, features: Features, subsets: Subsets, weights: WeightParameters = USUAL, refit: bool = True
) -> tuple[Any, Probabilities, Probabilities]:
    fit, predict = head
    return cross_predict(fit, lambda model: partial(predict, model), features, subsets, GROUPS, weights, refit)


def moved(subsets: Subsets) -> Subsets:
    """The validation photos with other labels, of the same values."""
    return relabelled(subsets, subsets.validation, np.roll(subsets.validation_label_strings, 3, axis=0))


def test_validation_photos_are_predicted_without_their_own_labels(
    head: Head, features: Features, subsets: Subsets
) -> None:
    _, validation, to_predict = crossed(head, features, subsets)
    _, again, other_questions = crossed(head, features, moved(subsets))
    np.testing.assert_array_equal(again, validation)
    assert not np.array_equal(other_questions, to_predict)


def test_a_second_fit_changes_the_predictions_of_questions_only(
    head: Head, features: Features, subsets: Subsets
) -> None:
    _, validation, to_predict = crossed(head, features, subsets)
    _, again, other_questions = crossed(head, features, subsets, refit=False)
    np.testing.assert_array_equal(again, validation)
    assert not np.array_equal(other_questions, to_predict)


def test_without_a_second_fit_validation_labels_are_never_used(
    head: Head, features: Features, subsets: Subsets
) -> None:
    first, second = (crossed(head, features, dealt, refit=False) for dealt in (subsets, moved(subsets)))
    np.testing.assert_equal(second, first)


def test_photos_to_predict_are_never_fitted_on(head: Head, features: Features, subsets: Subsets) -> None:
    others = features.copy()
    others[subsets.to_predict] = 0
    first, second = (crossed(head, of_photos, subsets) for of_photos in (features, others))
    np.testing.assert_equal(second[:2], first[:2])


def test_a_value_can_be_learned(head: Head, features: Features, subsets: Subsets) -> None:
    _, validation, to_predict = crossed(head, features, subsets)
    values = np.array([0, 2, 3])[np.arange(NUM_PHOTOS) // 3 % 3]
    np.testing.assert_array_equal(validation.argmax(axis=1), values[subsets.validation])
    np.testing.assert_array_equal(to_predict.argmax(axis=1), values[subsets.to_predict])


def test_a_value_without_photos_gets_the_floor(head: Head, features: Features, subsets: Subsets) -> None:
    _, validation, to_predict = crossed(head, features, subsets)
    for probabilities in (validation, to_predict):
        np.testing.assert_array_equal(probabilities[:, 1], FLOOR)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_views_are_examples_in_training_and_averaged_in_prediction(
    recorder: tuple[list[Examples], Head], features: Features, subsets: Subsets
) -> None:
    fitted, head = recorder
    _, validation, to_predict = crossed(head, features, subsets, PLAIN, refit=False)
    (examples,) = fitted
    assert len(examples) == 10 * NUM_VIEWS
    of_train = features[subsets.train].reshape(-1, NUM_FEATURES)
    np.testing.assert_array_equal(examples.columns(slice(None)), of_train)
    classes = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    np.testing.assert_array_equal(examples.of_each(examples.classes), np.repeat(classes, NUM_VIEWS))
    np.testing.assert_array_equal(examples.weights, 1)
    np.testing.assert_array_equal(examples.groups, GROUPS[subsets.train])
    for rows, probabilities in ((subsets.validation, validation), (subsets.to_predict, to_predict)):
        per_view = np.abs(features[rows, :, :3].astype(np.float64))
        mean = (per_view / per_view.sum(axis=2, keepdims=True)).mean(axis=1)
        np.testing.assert_allclose(probabilities[:, [0, 2, 3]], (1 - FLOOR) * mean, rtol=1e-6)


def test_the_second_fit_has_all_labelled_photos_and_may_know_more_values(
    recorder: tuple[list[Examples], Head], features: Features, subsets: Subsets
) -> None:
    fitted, (fit, _) = recorder
    more = relabelled(subsets, subsets.validation[4:5], ["nynn"])

    def predict(model: int, seen: Features) -> NDArray[np.float64]:
        num_classes = fitted[model - 1].num_classes
        return np.full((len(seen), num_classes), 1 / num_classes)

    _, validation, to_predict = crossed((fit, predict), features, more, PLAIN)
    first, second = fitted
    assert (len(first), len(second)) == (10 * NUM_VIEWS, 20 * NUM_VIEWS)
    np.testing.assert_array_equal(second.photos, subsets.labelled)
    np.testing.assert_array_equal(second.groups, GROUPS[subsets.labelled])
    np.testing.assert_array_equal(np.unique(second.classes), [0, 1, 2, 3])
    np.testing.assert_array_equal(validation[:, 1], FLOOR)
    np.testing.assert_allclose(to_predict, 1 / 4)


@pytest.mark.parametrize(
    ("label", "maybe_share", "expected"),
    [
        ("ynnn", 0.4, {0: 1.0}),
        ("ynmn", 0.4, {0: 0.6, 1: 0.4}),
        ("ynmm", 0.4, {0: 0.6, 1: 0.2, 2: 0.2}),
        ("ymnn", 0.4, {0: 1.0}),
        ("ymmn", 0.4, {0: 0.6, 1: 0.4}),
        ("ynmn", 0.0, {0: 1.0}),
    ],
    ids=["no m", "one m", "two m", "m without photos", "one of two m without photos", "no share"],
)
def test_a_photos_weight_is_shared_with_the_values_marked_m(
    label: str,
    maybe_share: float,
    expected: dict[int, float],
    recorder: tuple[list[Examples], Head],
    features: Features,
    subsets: Subsets,
) -> None:
    fitted, head = recorder
    weights = WeightParameters(maybe_share=maybe_share, class_balance=0.0)
    crossed(head, features, relabelled(subsets, subsets.train[:1], [label]), weights, refit=False)
    first = np.flatnonzero(fitted[0].photos == subsets.train[0])
    found = dict(zip(fitted[0].classes[first].tolist(), fitted[0].weights[first].tolist(), strict=True))
    assert found == pytest.approx(expected)
    assert fitted[0].weights.sum() == pytest.approx(10)


@pytest.mark.parametrize("class_balance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("maybe_share", [0.0, 0.4])
def test_photos_of_rare_values_weigh_more_and_all_together_what_they_are(
    class_balance: float,
    maybe_share: float,
    recorder: tuple[list[Examples], Head],
    features: Features,
    subsets: Subsets,
) -> None:
    """Of ten photos six, three and one are of a value; the one may be the first value, too."""
    fitted, head = recorder
    label_strings = ["ynnn"] * 6 + ["nnyn"] * 3 + ["mnny"]
    weights = WeightParameters(maybe_share=maybe_share, class_balance=class_balance)
    crossed(head, features, relabelled(subsets, subsets.train, label_strings), weights, refit=False)
    examples = fitted[0]
    of_photos = np.array([examples.weights[examples.photos == photo].sum() for photo in subsets.train])
    rarity = np.repeat([6.0, 3.0, 1.0], [6, 3, 1]) ** -class_balance
    np.testing.assert_allclose(of_photos, 10 * rarity / rarity.sum(), rtol=1e-6)
    assert examples.weights.sum() == pytest.approx(10)
    of_last = examples.photos == subsets.train[9]
    shares = {0: maybe_share, 2: 1 - maybe_share} if maybe_share else {2: 1.0}
    found = dict(zip(examples.classes[of_last].tolist(), examples.weights[of_last].tolist(), strict=True))
    assert found == pytest.approx({value: share * of_photos[9] for value, share in shares.items()})


def test_with_full_balance_all_values_weigh_alike(
    recorder: tuple[list[Examples], Head], features: Features, subsets: Subsets
) -> None:
    fitted, head = recorder
    label_strings = ["ynnn"] * 6 + ["nnyn"] * 3 + ["nnny"]
    weights = WeightParameters(maybe_share=0.3, class_balance=1.0)
    crossed(head, features, relabelled(subsets, subsets.train, label_strings), weights, refit=False)
    np.testing.assert_allclose(np.bincount(fitted[0].classes, fitted[0].weights), 10 / 3, rtol=1e-6)


def test_no_photos_to_predict_have_no_probabilities(head: Head, features: Features, subsets: Subsets) -> None:
    without = Subsets(subsets.table.assign(subset=subsets.table["subset"].replace("to predict", "unused")))
    assert crossed(head, features, without)[2].shape == (0, 4)


@pytest.mark.parametrize("columns", [slice(None), slice(3, 7), np.array([9, 2, 2])], ids=str)
def test_what_is_read_is_every_view_of_each_photo_in_turn(columns: Any, features: Features, tmp_path: Path) -> None:
    np.save(tmp_path / "features.npy", features.astype(np.float16))
    on_disk = np.load(tmp_path / "features.npy", mmap_mode="r")
    photos = np.array([7, 0, 7])
    expected = [
        features[photo, view, columns].astype(np.float16).astype(np.float32)
        for photo in photos
        for view in range(NUM_VIEWS)
    ]
    for held in (on_disk, np.array(on_disk)):
        found = read(held, photos, columns)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("numbers", "num_halves"), [(1, 10), (4 * NUM_FEATURES, 5), (6 * NUM_FEATURES, 4), (2**20, 1)])
def test_parts_hold_so_many_numbers_and_all_photos_once(
    numbers: int, num_halves: int, features: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "_CHUNK", numbers)
    rows, classes = np.arange(20, 30), np.arange(10) % 3
    examples = Examples(features, rows, classes, np.arange(10, dtype=np.float32), GROUPS[rows])
    parts = list(examples.chunks(NUM_FEATURES))
    assert len(parts) == num_halves
    assert all(len(part) * NUM_FEATURES <= max(numbers, NUM_VIEWS * NUM_FEATURES) for part in parts)
    for name in ("photos", "classes", "weights", "groups"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(examples, name))
    assert [len(part) for part in photo_chunks(rows, features)] == [len(part.photos) for part in parts]


@pytest.mark.parametrize("numbers", [1, 5 * NUM_FEATURES, 2**20])
def test_predictions_do_not_depend_on_how_many_photos_are_read_at_a_time(
    numbers: int, features: Features, monkeypatch: pytest.MonkeyPatch, recorder: tuple[list[Examples], Head]
) -> None:
    predict = partial(recorder[1][1], 1)
    photos, seen_values = np.array([3, 1, 4, 1, 5, 9, 2]), np.array([0, 2, 3])
    whole = predict_views(predict, features, photos, seen_values, 4)
    monkeypatch.setattr(heads, "_CHUNK", numbers)
    np.testing.assert_array_equal(predict_views(predict, features, photos, seen_values, 4), whole)


@pytest.mark.parametrize(
    ("said", "expected"), [("3", 3), ("", os.cpu_count()), ("0", os.cpu_count()), ("4,2", os.cpu_count())]
)
def test_boosters_take_all_processors_or_as_many_as_are_said(
    monkeypatch: pytest.MonkeyPatch, said: str, expected: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert num_threads() == expected
