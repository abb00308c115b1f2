from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from apparel_eye.classifiers import dual_basis as spans
from apparel_eye.classifiers import logistic
from apparel_eye.classifiers.dual_basis import deviation, dual_basis
from apparel_eye.classifiers.heads import Examples

MakeExamples = Callable[..., Examples]
SIZES = pytest.mark.parametrize("num_features", [5, 300], ids=["more examples", "more features"])
any_way = pytest.mark.usefixtures("rotated_or_not")


def standardized(examples: Examples) -> NDArray[np.float64]:
    """In double precision; an example's mean square over all features together is 1."""
    features = examples.columns(slice(None)).astype(np.float64)
    return (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6) / np.sqrt(features.shape[1])


def to_features(examples: Examples) -> tuple[NDArray[np.floating], ...]:
    """Standardized examples, what three vectors say of each by its coordinates, the vectors, and these in features."""
    spanned = dual_basis(examples)
    vectors = np.random.default_rng(2).normal(size=(spanned.coordinates.shape[1], 3)).astype(np.float32)
    return standardized(examples), spanned.coordinates @ vectors, vectors, spanned.to_features(vectors)


@pytest.fixture(params=["rotated", "as they are"])
def rotated_or_not(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of many examples are not rotated."""
    if request.param == "as they are":
        monkeypatch.setattr(spans, "_MANY", 0)
        monkeypatch.setattr(spans, "_FEW", 10**6)


@pytest.fixture
def two_views(make_examples: MakeExamples) -> Callable[[int], Examples]:
    """30 photos of two views, in another order, some of them twice."""

    def made(num_features: int) -> Examples:
        flat = make_examples(num_features=num_features, spread=2.0)
        photos = np.random.default_rng(1).integers(0, 30, 25)
        return replace(flat.take(photos), features=flat.features.reshape(30, 2, num_features))

    return made


@any_way
@SIZES
def test_coordinates_have_the_products_of_the_standardized_examples(
    two_views: Callable[[int], Examples], num_features: int
) -> None:
    examples = two_views(num_features)
    found, by_hand = dual_basis(examples).coordinates, standardized(examples)
    np.testing.assert_allclose(found @ found.T, by_hand @ by_hand.T, atol=1e-5)
    np.testing.assert_allclose(np.square(found).sum(axis=1).mean(), 1, rtol=1e-4)


@SIZES
def test_there_are_as_many_coordinates_as_examples_differ_in(
    two_views: Callable[[int], Examples], num_features: int
) -> None:
    examples = two_views(num_features)
    rank = np.linalg.matrix_rank(standardized(examples), tol=1e-3)
    assert dual_basis(examples).coordinates.shape == (len(examples), rank)
    assert rank <= min(num_features, 2 * len(np.unique(examples.photos)) - 1)


@any_way
@SIZES
def test_vectors_of_features_say_of_each_example_what_they_say_of_its_coordinates(
    two_views: Callable[[int], Examples], num_features: int
) -> None:
    by_hand, said, _, found = to_features(two_views(num_features))
    assert found.shape == (num_features, 3)
    np.testing.assert_allclose(by_hand @ found, said, atol=2e-4)


@SIZES
def test_of_vectors_that_say_the_same_of_all_examples_the_shortest_is_given(
    two_views: Callable[[int], Examples], num_features: int
) -> None:
    """As an L2 penalty would."""
    by_hand, said, vectors, found = to_features(two_views(num_features))
    shortest = np.linalg.pinv(by_hand, rcond=1e-3) @ said.astype(np.float64)
    np.testing.assert_allclose(found, shortest, atol=2e-3)
    np.testing.assert_allclose(np.square(found).sum(axis=0), np.square(vectors).sum(axis=0), rtol=1e-3)


@pytest.mark.parametrize("num_columns", [1, 7, 300])
def test_nothing_depends_on_the_number_of_columns_read_at_a_time(
    two_views: Callable[[int], Examples], num_columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Axes may be turned where examples are spread alike, so what they say of examples is compared."""
    examples = two_views(300)
    whole = dual_basis(examples)
    monkeypatch.setattr(spans, "_COLUMNS", num_columns)
    parts = dual_basis(examples)
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-6)
    np.testing.assert_allclose(parts.scale, whole.scale, rtol=1e-6)
    of_examples = np.random.default_rng(3).normal(size=(len(examples), 2)).astype(np.float32)
    first, second = (each.to_features(each.coordinates.T @ of_examples) for each in (whole, parts))
    np.testing.assert_allclose(second, first, atol=1e-4)
    np.testing.assert_allclose(
        parts.coordinates @ parts.coordinates.T, whole.coordinates @ whole.coordinates.T, atol=1e-5
    )


def test_features_on_disk_are_those_in_memory(two_views: Callable[[int], Examples], tmp_path: Path) -> None:
    examples = two_views(50)
    np.save(tmp_path / "features.npy", examples.features)
    on_disk = replace(examples, features=np.load(tmp_path / "features.npy", mmap_mode="r"))
    np.testing.assert_array_equal(dual_basis(on_disk).coordinates, dual_basis(examples).coordinates)


def test_mean_and_deviation_are_those_of_the_features(two_views: Callable[[int], Examples]) -> None:
    examples = two_views(50)
    spanned, features = dual_basis(examples), examples.columns(slice(None)).astype(np.float64)
    np.testing.assert_allclose(spanned.mean, features.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(deviation(spanned.scale), features.std(axis=0), rtol=1e-5)


@SIZES
def test_where_penalized_the_same_is_learned_in_any_coordinates(
    two_views: Callable[[int], Examples], num_features: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = two_views(num_features)
    rotated = logistic.fit(examples, 1.0, 1000)["coefficients"]
    monkeypatch.setattr(spans, "_MANY", 0)
    monkeypatch.setattr(spans, "_FEW", num_features)
    np.testing.assert_allclose(logistic.fit(examples, 1.0, 1000)["coefficients"], rotated, atol=2e-3)


@any_way
@SIZES
def test_examples_that_are_all_alike_have_a_coordinate_that_says_nothing(num_features: int) -> None:
    num = np.arange(50)
    ones = np.ones(50, dtype=np.float32)
    alike = Examples(np.ones((50, 1, num_features), dtype=np.float16), num, num % 2, ones, num)
    found = logistic.predict(logistic.fit(alike, 10.0, 1000), alike.columns(slice(None)))
    np.testing.assert_allclose(found, 0.5, atol=1e-6)


@any_way
@SIZES
def test_a_feature_that_never_varied_has_no_part_in_any_axis(
    two_views: Callable[[int], Examples], num_features: int
) -> None:
    examples = two_views(num_features)
    dead = examples.features.copy()
    dead[..., 2] = 3.0
    spanned = dual_basis(replace(examples, features=dead))
    np.testing.assert_array_equal(spanned.to_features(np.eye(spanned.coordinates.shape[1], dtype=np.float32))[2], 0)
