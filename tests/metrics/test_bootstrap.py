import math
from collections.abc import Mapping

import numpy as np
import pytest
from scipy.stats import binom

from apparel_eye.metrics import official
from apparel_eye.metrics.bootstrap import bootstrap, difference
from apparel_eye.metrics.official import LabelStrings, Probabilities, parse_label_strings

Case = tuple[Probabilities, LabelStrings]


def answered(is_right: np.ndarray) -> Case:
    """Photos of the first of two values, of which these are answered right."""
    return np.where(is_right[:, None], [0.9, 0.1], [0.1, 0.9]), parse_label_strings(["yn"] * len(is_right))


def accuracy(probabilities: Probabilities, label_strings: LabelStrings) -> dict[str, float]:
    return {"accuracy": official.accuracy(probabilities, label_strings)}


@pytest.fixture
def case() -> Case:
    """Photos whose confidences are calibrated, some of them marked ``m``."""
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.ones(4), size=80)
    labels = [generator.choice(4, p=row) for row in probabilities]
    label_strings = np.where(generator.random((80, 4)) < 0.1, "m", "n")
    label_strings[np.arange(80), labels] = "y"
    return probabilities, label_strings


def test_interval_of_an_accuracy_has_the_quantiles_of_a_binomial() -> None:
    probabilities, label_strings = answered(np.arange(100) < 70)
    low, high = bootstrap(accuracy, probabilities, label_strings, np.arange(100), num_resamples=8000, seed=1)[
        "accuracy"
    ]
    assert [low, high] == pytest.approx(binom.ppf([0.025, 0.975], 100, 0.7) / 100, abs=0.0101)


def test_copies_do_not_narrow_an_interval() -> None:
    once, copied = np.arange(60) < 40, np.repeat(np.arange(60) < 40, 4)
    alone = bootstrap(accuracy, *answered(once), np.arange(60), num_resamples=500, seed=1)
    together = bootstrap(accuracy, *answered(copied), np.repeat(np.arange(60), 4), num_resamples=500, seed=1)
    as_if_apart = bootstrap(accuracy, *answered(copied), np.arange(240), num_resamples=500, seed=1)
    assert together == alone
    assert np.diff(as_if_apart["accuracy"]) == pytest.approx(np.diff(alone["accuracy"]) / 2, rel=0.25)


def test_resamples_hold_whole_groups_and_as_many_as_there_are(case: Case) -> None:
    sizes = {"a": 10, "b": 20, "c": 50}
    groups = np.repeat(list(sizes), list(sizes.values()))
    numbered = np.tile(np.arange(80.0)[:, None], 4)
    seen = []

    def count(rows: Probabilities, label_strings: LabelStrings) -> dict[str, float]:
        times = np.bincount(rows[:, 0].astype(int), minlength=80)
        seen.append([set(times[groups == name]) for name in sizes])
        return {"groups": float(sum(times[groups == name][0] for name in sizes))}

    assert bootstrap(count, numbered, case[1], groups, num_resamples=50, seed=1) == {"groups": (3.0, 3.0)}
    assert {len(times) for of_resample in seen for times in of_resample} == {1}
    assert len({str(of_resample) for of_resample in seen}) > 3


def test_the_interval_does_not_depend_on_what_groups_are_called_nor_on_their_order(case: Case) -> None:
    probabilities, label_strings = case
    names = [f"{number:02}.jpg" for number in np.arange(80) // 2]
    by_name = bootstrap(official.all_scores, probabilities, label_strings, names, num_resamples=40, seed=1)
    assert by_name == bootstrap(
        official.all_scores, probabilities, label_strings, np.arange(80) // 2, num_resamples=40, seed=1
    )
    order = np.random.default_rng(1).permutation(80)
    shuffled = bootstrap(
        official.all_scores,
        probabilities[order],
        label_strings[order],
        np.array(names)[order],
        num_resamples=40,
        seed=1,
    )
    assert np.array(list(shuffled.values())) == pytest.approx(np.array(list(by_name.values())))


def test_a_seed_gives_the_same_interval_and_another_seed_another(case: Case) -> None:
    first, second, other = (
        bootstrap(official.all_scores, *case, np.arange(80), num_resamples=50, seed=seed) for seed in (1, 1, 2)
    )
    assert first == second != other
    assert list(first) == list(official.all_scores(*case))


def test_a_higher_level_is_wider_and_both_hold_the_score(case: Case) -> None:
    score = official.accuracy(*case)
    narrow, wide = (
        bootstrap(accuracy, *case, np.arange(80), num_resamples=400, seed=1, level=level)["accuracy"]
        for level in (0.5, 0.99)
    )
    assert wide[0] < narrow[0] < score < narrow[1] < wide[1]


def test_resamples_in_which_a_measure_is_not_defined_are_left_out() -> None:
    probabilities, label_strings = np.array([[0.9, 0.1]] * 3), parse_label_strings(["my", "my", "yn"])
    num_defined = []

    def precision(*case: np.ndarray) -> Mapping[str, float]:
        value = official.basic_precision(*case)
        num_defined.append(not math.isnan(value))
        return {"precision": value}

    interval = bootstrap(precision, probabilities, label_strings, np.arange(3), num_resamples=50, seed=1)
    assert 0 < sum(num_defined) < len(num_defined)
    assert interval == {"precision": (1.0, 1.0)}


def test_a_measure_that_is_never_defined_has_no_interval() -> None:
    probabilities, label_strings = np.array([[0.9, 0.1]] * 3), parse_label_strings(["my"] * 3)
    intervals = bootstrap(official.scores, probabilities, label_strings, np.arange(3), num_resamples=5, seed=1)
    assert [name for name, ends in intervals.items() if np.isnan(ends).all()] == [
        "basic_precision",
        "average_precision",
    ]
    assert intervals["accuracy"] == (0.0, 0.0)


def test_one_group_says_nothing_about_others(case: Case) -> None:
    intervals = bootstrap(official.scores, *case, ["dress"] * 80, num_resamples=5, seed=1)
    assert list(intervals) == list(official.scores(*case))
    assert np.isnan(list(intervals.values())).all()


@pytest.mark.parametrize("size_of_group", [1, 3])
def test_about_95_percent_of_the_intervals_hold_the_true_accuracy(size_of_group: int) -> None:
    """Products are right or wrong with all their photos; 300 data sets of 80 products."""
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(80), size_of_group)
    num_held = 0
    for seed in range(300):
        is_right = np.repeat(generator.random(80) < 0.7, size_of_group)
        low, high = bootstrap(accuracy, *answered(is_right), groups, num_resamples=200, seed=seed)["accuracy"]
        num_held += low <= 0.7 <= high
    assert 0.90 <= num_held / 300 <= 0.98


def test_a_difference_is_measured_on_the_same_resamples(case: Case) -> None:
    probabilities, label_strings = case
    flat = np.full_like(probabilities, 0.25)
    rows_seen: list[bytes] = []

    def loss(answers: Probabilities, of_answers: LabelStrings) -> dict[str, float]:
        rows_seen.append(of_answers.tobytes())
        return {"log_loss": official.log_loss(answers, of_answers)}

    found = difference(loss, probabilities, flat, label_strings, np.arange(80), num_resamples=200, seed=1)["log_loss"]
    assert rows_seen[::2] == rows_seen[1::2]
    assert found.value == pytest.approx(official.log_loss(probabilities, label_strings) - math.log(4))
    alone = bootstrap(loss, probabilities, label_strings, np.arange(80), num_resamples=200, seed=1)["log_loss"]
    assert [found.low, found.high] == pytest.approx(np.array(alone) - math.log(4))


def test_what_is_hard_for_both_columns_does_not_widen_their_difference() -> None:
    is_right = np.random.default_rng(1).random(100) < 0.5
    better, label_strings = answered(is_right)
    worse, _ = answered(is_right & (np.arange(100) != is_right.argmax()))
    found = difference(accuracy, better, worse, label_strings, np.arange(100), num_resamples=500, seed=1)["accuracy"]
    low, high = bootstrap(accuracy, better, label_strings, np.arange(100), num_resamples=500, seed=1)["accuracy"]
    assert found.value == pytest.approx(0.01)
    assert found.low == 0.0  # a resample without the photo they differ in
    assert 0.01 <= found.high <= 0.05 < high - low


def test_the_difference_of_the_reverse_is_the_negative(case: Case) -> None:
    probabilities, label_strings = case
    others = probabilities[:, ::-1]
    found = difference(
        official.all_scores, probabilities, others, label_strings, np.arange(80), num_resamples=60, seed=1
    )
    reverse = difference(
        official.all_scores, others, probabilities, label_strings, np.arange(80), num_resamples=60, seed=1
    )
    assert found.keys() == official.all_scores(probabilities, label_strings).keys()
    for name, (value, low, high) in found.items():
        assert reverse[name] == pytest.approx((-value, -high, -low))
