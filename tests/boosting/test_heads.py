from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from apparel_eye.boosting import logistic, xgboost_head
from apparel_eye.boosting.heads import Examples, Features, Probabilities, cross_predict
from apparel_eye.metrics import marks_of
from apparel_eye.parameters import LogisticParameters, XGBoostParameters
from apparel_eye.probabilities import FLOOR
from apparel_eye.subsets import Subsets

NUM_PHOTOS, NUM_VIEWS, NUM_FEATURES = 30, 2, 12
Head = tuple[Callable[..., object], Callable[..., Probabilities]]


@pytest.fixture
def subsets() -> Subsets:
    """Of four values the second has no photo at all; rows are dealt in turns."""
    rows = np.arange(NUM_PHOTOS)
    labels = marks_of([("ynnn", "nnyn", "nnny")[row // 3 % 3] for row in rows])
    train, validation, questions = (rows[rows % 3 == turn] for turn in range(3))
    return Subsets(
        train=train,
        train_marks=labels[train],
        train_keys=np.array([f"{row}.jpg" for row in train]),
        validation=validation,
        validation_marks=labels[validation],
        validation_parts=np.arange(10) % 2,
        questions=questions,
        tests=questions[:0],
        test_marks=labels[:0],
    )


@pytest.fixture
def features(subsets: Subsets) -> Features:
    """Clouds by value, so that there is something to learn."""
    generator = np.random.default_rng(0)
    centers = 2 * generator.normal(size=(3, NUM_FEATURES))
    of_photos = centers[np.arange(NUM_PHOTOS) // 3 % 3][:, None]
    return (of_photos + generator.normal(size=(NUM_PHOTOS, NUM_VIEWS, NUM_FEATURES))).astype(np.float32)


@pytest.fixture(params=["logistic", "xgboost"])
def head(
    request: pytest.FixtureRequest, logistic_parameters: LogisticParameters, xgboost_parameters: XGBoostParameters
) -> Head:
    if request.param == "logistic":
        return lambda examples: logistic.fit(examples, logistic_parameters), logistic.predict
    return lambda examples: xgboost_head.fit(examples, xgboost_parameters), xgboost_head.predict


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


def moved(subsets: Subsets) -> Subsets:
    """The validation photos with other labels, of the same values."""
    return replace(subsets, validation_marks=np.roll(subsets.validation_marks, 3, axis=0))


def test_validation_photos_are_predicted_without_their_own_labels(
    head: Head, features: Features, subsets: Subsets
) -> None:
    _, validation, questions = cross_predict(*head, features, subsets, 0.3, refit=True)
    _, again, other_questions = cross_predict(*head, features, moved(subsets), 0.3, refit=True)
    np.testing.assert_array_equal(again, validation)
    assert not np.array_equal(other_questions, questions)


def test_a_second_fit_changes_the_predictions_of_questions_only(
    head: Head, features: Features, subsets: Subsets
) -> None:
    _, validation, questions = cross_predict(*head, features, subsets, 0.3, refit=True)
    _, again, other_questions = cross_predict(*head, features, subsets, 0.3, refit=False)
    np.testing.assert_array_equal(again, validation)
    assert not np.array_equal(other_questions, questions)


def test_without_a_second_fit_validation_labels_are_never_used(
    head: Head, features: Features, subsets: Subsets
) -> None:
    first = cross_predict(*head, features, subsets, 0.3, refit=False)
    second = cross_predict(*head, features, moved(subsets), 0.3, refit=False)
    np.testing.assert_equal(second, first)


def test_photos_to_predict_are_never_fitted_on(head: Head, features: Features, subsets: Subsets) -> None:
    others = features.copy()
    others[subsets.questions] = 0
    first, second = (cross_predict(*head, of_photos, subsets, 0.3, refit=True) for of_photos in (features, others))
    np.testing.assert_equal(second[:2], first[:2])


def test_a_value_can_be_learned(head: Head, features: Features, subsets: Subsets) -> None:
    _, validation, questions = cross_predict(*head, features, subsets, 0.3, refit=True)
    values = np.array([0, 2, 3])[np.arange(NUM_PHOTOS) // 3 % 3]
    np.testing.assert_array_equal(validation.argmax(axis=1), values[subsets.validation])
    np.testing.assert_array_equal(questions.argmax(axis=1), values[subsets.questions])


def test_a_value_without_photos_gets_the_floor(head: Head, features: Features, subsets: Subsets) -> None:
    _, validation, questions = cross_predict(*head, features, subsets, 0.3, refit=True)
    for probabilities in (validation, questions):
        np.testing.assert_array_equal(probabilities[:, 1], FLOOR)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_views_are_examples_in_training_and_averaged_in_prediction(
    recorder: tuple[list[Examples], Head], features: Features, subsets: Subsets
) -> None:
    fitted, head = recorder
    _, validation, questions = cross_predict(*head, features, subsets, 0.0, refit=False)
    (examples,) = fitted
    np.testing.assert_array_equal(examples.features, features[subsets.train].reshape(-1, NUM_FEATURES))
    np.testing.assert_array_equal(examples.classes, np.repeat([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], NUM_VIEWS))
    np.testing.assert_array_equal(examples.weights, 1)
    for rows, probabilities in ((subsets.validation, validation), (subsets.questions, questions)):
        per_view = np.abs(features[rows, :, :3].astype(np.float64))
        mean = (per_view / per_view.sum(axis=2, keepdims=True)).mean(axis=1)
        np.testing.assert_allclose(probabilities[:, [0, 2, 3]], (1 - FLOOR) * mean, rtol=1e-6)


def test_the_second_fit_has_all_labelled_photos_and_may_know_more_values(
    recorder: tuple[list[Examples], Head], features: Features, subsets: Subsets
) -> None:
    fitted, (fit, _) = recorder
    more = subsets.validation_marks.copy()
    more[4] = list("nynn")

    def predict(model: int, seen: Features) -> NDArray[np.float64]:
        num_classes = fitted[model - 1].classes.max() + 1
        return np.full((len(seen), num_classes), 1 / num_classes)

    _, validation, questions = cross_predict(
        fit, predict, features, replace(subsets, validation_marks=more), 0.0, refit=True
    )
    first, second = fitted
    assert (len(first.classes), len(second.classes)) == (10 * NUM_VIEWS, 20 * NUM_VIEWS)
    np.testing.assert_array_equal(second.features, features[subsets.labelled].reshape(-1, NUM_FEATURES))
    np.testing.assert_array_equal(np.unique(second.classes), [0, 1, 2, 3])
    np.testing.assert_array_equal(validation[:, 1], FLOOR)
    np.testing.assert_allclose(questions, 1 / 4)


@pytest.mark.parametrize(
    ("label", "maybe_share", "expected"),
    [
        ("ynnn", 0.4, {0: 1.0}),
        ("ynmn", 0.4, {0: 0.6, 1: 0.4}),
        ("ynmm", 0.4, {0: 0.6, 1: 0.2, 2: 0.2}),
        ("ymnn", 0.4, {0: 1.0}),
        ("ymmn", 0.4, {0: 0.6, 1: 0.4}),
        ("ynmn", 0.0, {0: 1.0}),
        ("ynmn", 1.0, {1: 1.0}),
    ],
    ids=["no m", "one m", "two m", "m without photos", "one of two m without photos", "no share", "all of it"],
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
    marks = subsets.train_marks.copy()
    marks[0] = list(label)
    cross_predict(*head, features, replace(subsets, train_marks=marks), maybe_share, refit=False)
    first = np.flatnonzero((fitted[0].features == features[subsets.train[0], 1]).all(axis=1))
    found = dict(zip(fitted[0].classes[first].tolist(), fitted[0].weights[first].tolist(), strict=True))
    assert found == pytest.approx(expected)
    assert fitted[0].weights.sum() == pytest.approx(10 * NUM_VIEWS)


def test_no_photos_to_predict_have_no_probabilities(head: Head, features: Features, subsets: Subsets) -> None:
    without = replace(subsets, questions=subsets.questions[:0])
    assert cross_predict(*head, features, without, 0.3, refit=True)[2].shape == (0, 4)
