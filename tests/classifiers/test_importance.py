from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from apparel_eye.classifiers import heads, importance, logistic
from apparel_eye.classifiers.heads import Examples
from apparel_eye.classifiers.importance import IMPORTANCES, importances
from apparel_eye.parameters import BagParameters

MakeMaps = Callable[..., Examples]
SHAPE = (6, 5, 3)
by_each = pytest.mark.parametrize("name", IMPORTANCES)


@by_each
@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_planted_filter_is_the_most_important(
    name: str, num_classes: int, make_maps: MakeMaps, bag_parameters: BagParameters
) -> None:
    examples = make_maps(SHAPE, (4, slice(1, 3)), num_classes)
    found = importances(examples, SHAPE, bag_parameters.model_copy(update={"importance": name}))
    assert found.shape == (6,)
    assert (found >= 0).all()
    assert found.argmax() == 4
    assert found[4] > 2 * np.delete(found, 4).max()


@by_each
def test_importances_follow_their_filters(name: str, make_maps: MakeMaps, bag_parameters: BagParameters) -> None:
    examples = make_maps(SHAPE, (4, slice(1, 3)))
    order = [4, 0, 5, 1, 3, 2]
    maps = examples.features.reshape(60, 2, *SHAPE)[:, :, order]
    reordered = replace(examples, features=maps.reshape(60, 2, -1))
    settings = bag_parameters.model_copy(update={"importance": name})
    assert importances(reordered, SHAPE, settings).argmax() == order.index(4)
    if name != "gain":  # which columns a booster draws depends on their order
        found = importances(reordered, SHAPE, settings)
        np.testing.assert_allclose(found, importances(examples, SHAPE, settings)[order], rtol=2e-2)


@by_each
def test_importances_are_the_same_each_time_and_however_much_is_read_at_a_time(
    name: str, make_maps: MakeMaps, bag_parameters: BagParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = bag_parameters.model_copy(update={"importance": name})
    whole, again = (importances(make_maps(SHAPE, (4,)), SHAPE, settings) for _ in range(2))
    monkeypatch.setattr(heads, "_CHUNK", 1000)
    parts = importances(make_maps(SHAPE, (4,)), SHAPE, settings)
    np.testing.assert_array_equal(again, whole)
    np.testing.assert_array_equal(parts, whole)


def test_by_gradient_each_example_counts_as_much_as_it_weighs(
    make_maps: MakeMaps, bag_parameters: BagParameters
) -> None:
    weights = np.linspace(0.1, 3, 60, dtype=np.float32)
    examples = replace(make_maps(SHAPE, (4,)), weights=weights)
    strips = importance._strips(examples, SHAPE)
    model = logistic.fit(strips, importance._STRENGTH, importance._MAX_ITERATIONS)
    slopes = (model["coefficients"] / model["scale"])[np.repeat(examples.classes, 2)]  # of two views each
    of_each = np.repeat(weights, 2)[:, None] * np.abs(slopes * strips.columns(slice(None)))
    by_hand = of_each.sum(axis=0).reshape(6, -1).sum(axis=1) / (2 * weights.sum())
    found = importances(examples, SHAPE, bag_parameters.model_copy(update={"importance": "gradient"}))
    np.testing.assert_allclose(found, by_hand, rtol=1e-5)


@by_each
def test_a_filter_that_never_varies_has_no_importance(
    name: str, make_maps: MakeMaps, bag_parameters: BagParameters
) -> None:
    examples = make_maps(SHAPE, (4,))
    maps = examples.features.reshape(60, 2, *SHAPE).copy()
    maps[:, :, 1] = 0
    dead = replace(examples, features=maps.reshape(60, 2, -1))
    assert importances(dead, SHAPE, bag_parameters.model_copy(update={"importance": name}))[1] == 0


@pytest.mark.parametrize("height", range(1, 10))
def test_strips_are_averages_of_rows_that_follow_each_other(height: int) -> None:
    """Where the height does not divide, strips begin at the row rounded down."""
    shape, strips = (3, height, 2), min(4, height)
    features = np.random.default_rng(0).normal(size=(7, 2, np.prod(shape))).astype(np.float32)
    photos = np.array([5, 2, 5, 0])
    examples = Examples(features, photos, np.array([0, 1, 1, 0]), np.ones(4, dtype=np.float32), photos)
    found = importance._strips(examples, shape)
    maps = features.reshape(7, 2, *shape).astype(np.float64)
    limits = [number * height // strips for number in range(strips + 1)]
    by_hand = [
        maps[photo, view, channel, limits[strip] : limits[strip + 1]].mean()
        for photo in photos
        for view in range(2)
        for channel in range(3)
        for strip in range(strips)
    ]
    np.testing.assert_allclose(found.columns(slice(None)), np.reshape(by_hand, (8, -1)), rtol=1e-4, atol=1e-6)
    for name in ("classes", "weights", "groups"):
        np.testing.assert_array_equal(getattr(found, name), getattr(examples, name))


def test_photos_that_are_no_examples_are_not_read(make_maps: MakeMaps, bag_parameters: BagParameters) -> None:
    examples = make_maps(SHAPE, (4,)).take(slice(40))
    blank = examples.features.copy()
    blank[40:] = np.nan
    expected = importances(examples, SHAPE, bag_parameters)
    np.testing.assert_array_equal(importances(replace(examples, features=blank), SHAPE, bag_parameters), expected)
