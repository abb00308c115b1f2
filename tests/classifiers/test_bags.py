import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chisquare

from apparel_eye.classifiers import bags, xgboost_head
from apparel_eye.classifiers.bags import draw_filters, inspect, places_of
from apparel_eye.classifiers.heads import Examples
from apparel_eye.classifiers.importance import importances
from apparel_eye.classifiers.xgboost_head import Boosters
from apparel_eye.data.subsets import Rows
from apparel_eye.parameters import BagParameters

MakeMaps = Callable[..., Examples]
SHAPE = (8, 4, 3)
PLANTED = (5, 2, 1)
"""Filter, row and column that grow with the class."""


@pytest.fixture
def examples(make_maps: MakeMaps) -> Examples:
    return make_maps(SHAPE, PLANTED)


def filters_of(blocks: list[dict[str, Rows]]) -> set[int]:
    """Filters whose places a bag has seen."""
    return {column // 12 for block in blocks for column in block["columns"]}


@pytest.mark.parametrize(
    ("importance", "wanted", "number"),
    [
        ([3.0, 1.0, 2.0, 4.0], 3, 3),
        ([3.0, 1.0, 2.0, 4.0], 4, 4),
        ([3.0, 1.0, 2.0, 4.0], 9, 4),
        ([0.0, 1.0, 0.0, 4.0], 3, 2),
        ([0.0, 0.0, 0.0, 0.0], 3, 3),
        ([0.0, 0.0, 0.0, 0.0], 9, 4),
    ],
    ids=["some", "all", "more than there are", "more than are important", "none important", "none, and more"],
)
@pytest.mark.parametrize("seed", range(10))
def test_filters_of_a_bag_are_different_sorted_and_important(
    importance: list[float], wanted: int, number: int, seed: int
) -> None:
    found = draw_filters(np.array(importance), wanted, seed)
    assert found.tolist() == sorted(set(found.tolist()))
    assert len(found) == number
    if any(importance):
        assert all(importance[each] > 0 for each in found)


@pytest.mark.parametrize("importance", [[3.0, 1.0, 0.0, 4.0, 2.0], [0.0] * 5], ids=["different", "none"])
def test_a_filter_is_drawn_as_often_as_it_is_important(importance: list[float]) -> None:
    counts = np.bincount([draw_filters(np.array(importance), 1, seed)[0] for seed in range(3000)], minlength=5)
    shares = np.array(importance) / sum(importance) if any(importance) else np.full(5, 1 / 5)
    assert (counts[shares == 0] == 0).all()
    assert chisquare(counts[shares > 0], 3000 * shares[shares > 0]).pvalue > 1e-3


def test_pairs_are_drawn_one_after_the_other_by_what_is_left() -> None:
    """Of importances a, b, c (sum 1): the pair a, b has the probability ab / (1 - a) + ab / (1 - b)."""
    shares = np.array([0.5, 0.3, 0.2])
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = [np.prod(shares[[*pair]]) * (1 / (1 - shares[[*pair]])).sum() for pair in pairs]
    counted = Counter(tuple(draw_filters(7 * shares, 2, seed).tolist()) for seed in range(3000))
    assert sum(expected) == pytest.approx(1)
    assert chisquare([counted[pair] for pair in pairs], 3000 * np.array(expected)).pvalue > 1e-3


def test_places_of_filters_are_the_numbers_of_their_columns() -> None:
    numbers: NDArray[np.intp] = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    for filters in ([3], [0, 7], [2, 5, 6]):
        np.testing.assert_array_equal(places_of(np.array(filters), SHAPE), numbers[filters].ravel())


@pytest.mark.parametrize("block_columns", [0.25, 1.0])
def test_bags_split_only_on_places_of_their_filters(
    examples: Examples, bag_parameters: BagParameters, block_columns: float
) -> None:
    parameters = bag_parameters.model_copy(update={"block_columns": block_columns})
    fitted = json.loads(bags.fit(examples, SHAPE, parameters))
    of_filters = importances(examples, SHAPE, parameters)
    assert len(fitted["models"]) == 3
    for number, blocks in enumerate(fitted["models"]):
        drawn = draw_filters(of_filters, 2, parameters.seed + number).tolist()
        assert filters_of(blocks) <= set(drawn)
        assert [len(block["columns"]) for block in blocks] == [24 * block_columns] * 3
        if block_columns == 1:
            assert filters_of(blocks) == set(drawn)


def test_bags_are_boosters_on_their_places_averaged(examples: Examples, bag_parameters: BagParameters) -> None:
    features = examples.columns(slice(None))
    of_filters = importances(examples, SHAPE, bag_parameters)
    alone = []
    for seed in (1, 2, 3):
        places = places_of(draw_filters(of_filters, 2, seed), SHAPE)
        with xgboost_head.progress("one", bag_parameters, 1) as bar:
            blocks = xgboost_head.fit_blocks(
                examples, bag_parameters, places, seed, {"device": "cpu", "nthread": 1}, bar
            )
        model = xgboost_head.as_json(examples, "classes", [blocks])
        alone.append(Boosters(model).predict(features))
    found = Boosters(bags.fit(examples, SHAPE, bag_parameters)).predict(features)
    np.testing.assert_allclose(found, np.mean(alone, axis=0), rtol=1e-12)


def test_two_fits_are_equal_and_another_seed_gives_another(examples: Examples, bag_parameters: BagParameters) -> None:
    model = bags.fit(examples, SHAPE, bag_parameters)
    assert bags.fit(examples, SHAPE, bag_parameters) == model
    assert bags.fit(examples, SHAPE, bag_parameters.model_copy(update={"seed": 5})) != model


def test_bags_learn_what_one_place_of_one_filter_shows(examples: Examples, bag_parameters: BagParameters) -> None:
    parameters = bag_parameters.model_copy(update={"num_rounds": 30, "block_columns": 1.0, "num_bags": 10})
    seen, others = examples.take(slice(45)), examples.take(slice(45, None))
    probabilities = Boosters(bags.fit(seen, SHAPE, parameters)).predict(others.columns(slice(None)))
    assert (probabilities.argmax(axis=1) == others.of_each(others.classes)).mean() > 0.9


def test_most_of_what_splits_gain_is_at_the_planted_place(examples: Examples, bag_parameters: BagParameters) -> None:
    parameters = bag_parameters.model_copy(update={"block_columns": 1.0, "num_bags": 5})
    model = bags.fit(examples, SHAPE, parameters)
    looked = inspect(model)
    assert looked.gains.shape == SHAPE
    assert (looked.gains >= 0).all()
    assert looked.gains.sum() == pytest.approx(1)
    assert np.unravel_index(looked.gains.argmax(), SHAPE) == PLANTED
    assert looked.gains[PLANTED] > 0.5
    np.testing.assert_allclose(looked.importances, importances(examples, SHAPE, parameters), rtol=1e-5)
    assert looked.importances.argmax() == PLANTED[0]


def test_it_is_counted_in_how_many_bags_a_filter_is(examples: Examples, bag_parameters: BagParameters) -> None:
    parameters = bag_parameters.model_copy(update={"block_columns": 1.0, "num_bags": 5})
    model = bags.fit(examples, SHAPE, parameters)
    counted = Counter(each for blocks in json.loads(model)["models"] for each in filters_of(blocks))
    looked = inspect(model)
    assert looked.num_bags.tolist() == [counted[each] for each in range(8)]
    assert looked.num_bags.sum() == 5 * 2
    assert (looked.gains.sum(axis=(1, 2))[looked.num_bags == 0] == 0).all()


def test_gains_are_those_of_every_split_added_up(examples: Examples, bag_parameters: BagParameters) -> None:
    model = bags.fit(examples, SHAPE, bag_parameters)
    by_hand = np.zeros(96)
    for blocks in json.loads(model)["models"]:
        for block in blocks:
            for tree in block["booster"]["learner"]["gradient_booster"]["model"]["trees"]:
                for child, index, gain in zip(
                    tree["left_children"], tree["split_indices"], tree["loss_changes"], strict=True
                ):
                    by_hand[block["columns"][index]] += gain if child != -1 else 0
    np.testing.assert_allclose(inspect(model).gains.ravel(), by_hand / by_hand.sum(), rtol=1e-4, atol=1e-9)


def test_bags_that_never_split_have_looked_nowhere(examples: Examples, bag_parameters: BagParameters) -> None:
    same = replace(examples, features=np.ones_like(examples.features))
    looked = inspect(bags.fit(same, SHAPE, bag_parameters.model_copy(update={"importance": "gain"})))
    np.testing.assert_array_equal(looked.gains, 0)
    np.testing.assert_array_equal(looked.importances, 0)
    assert looked.num_bags.sum() > 0
