import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax
from sklearn.calibration import calibration_curve

from apparel_eye.metrics import official
from apparel_eye.metrics.calibration import (
    MAX_TEMPERATURE,
    apply_temperature,
    cross_fit,
    fit_temperature,
    fit_threshold,
    reliability,
    score_abstention,
)
from apparel_eye.metrics.official import LabelStrings, Probabilities, parse_label_strings
from apparel_eye.metrics.probabilities import FLOOR, with_floor

Case = tuple[Probabilities, LabelStrings]
ALL = (0, 1, 2)


def marks_of_values(labels: np.ndarray, num_values: int) -> LabelStrings:
    return np.where(np.eye(num_values)[labels] == 1, "y", "n")


def drawn(num_photos: int, sharpness: float, seed: int = 1) -> Case:
    """Three values, labels drawn from a softmax of logits; the probabilities are of these logits times a number."""
    generator = np.random.default_rng(seed)
    logits = 2 * generator.normal(size=(num_photos, 3))
    labels = (softmax(logits, axis=1).cumsum(axis=1) < generator.random((num_photos, 1))).sum(axis=1)
    return softmax(sharpness * logits, axis=1), marks_of_values(labels, 3)


def answered(answers: str, confidences: list[float]) -> Case:
    """One photo per character, whose answer, the first of two values, is marked so."""
    label_strings = parse_label_strings([{"y": "yn", "n": "ny", "m": "my"}[answer] for answer in answers])
    return np.array([[confidence, 1 - confidence] for confidence in confidences]), label_strings


weights = arrays(np.float64, st.tuples(st.integers(1, 6), st.just(3)), elements=st.floats(0, 1)).filter(
    lambda rows: bool((rows.sum(axis=1) > 0.01).all())
)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0, 5.0])
def test_a_planted_temperature_is_found(sharpness: float) -> None:
    assert fit_temperature(*drawn(20_000, sharpness), ALL) == pytest.approx(sharpness, rel=0.05)


@pytest.mark.parametrize("sharpness", [0.5, 3.0])
def test_no_other_temperature_is_likelier(sharpness: float) -> None:
    probabilities, label_strings = drawn(200, sharpness)

    def surprise(temperature: float) -> float:
        of_photos = len(label_strings) * official.log_loss(
            apply_temperature(probabilities, temperature, ALL), label_strings
        )
        return of_photos + math.log(temperature) ** 2 / (2 * 0.2**2)

    least = surprise(fit_temperature(probabilities, label_strings, ALL))
    assert least <= min(map(surprise, np.geomspace(1 / MAX_TEMPERATURE, MAX_TEMPERATURE, 200))) + 1e-6
    assert least < surprise(1.0) - 1


def test_tempering_calibrates_what_was_too_sure() -> None:
    probabilities, label_strings = drawn(5000, sharpness=3.0)
    tempered = apply_temperature(probabilities, fit_temperature(probabilities, label_strings, ALL), ALL)
    noise = official.calibration_noise(tempered, seed=1, num_draws=200)
    assert official.expected_calibration_error(probabilities, label_strings) > 5 * noise
    assert official.expected_calibration_error(tempered, label_strings) < 2 * noise


@pytest.mark.parametrize(
    ("labels", "is_hot"),
    [([0], False), ([1], True), ([0, 0, 0], False), ([2, 1], True)],
    ids=["one right", "one wrong", "all right", "all wrong"],
)
def test_a_few_photos_that_are_all_right_or_all_wrong_move_little(labels: list[int], is_hot: bool) -> None:
    probabilities = np.array([[0.5, 0.3, 0.2]] * len(labels))
    found = fit_temperature(probabilities, marks_of_values(np.array(labels), 3), ALL)
    assert 1 < found < 1.2 if is_hot else 0.8 < found < 1


def test_a_label_that_had_no_probability_is_no_end() -> None:
    probabilities, label_strings = drawn(500, sharpness=1.0)
    with_one = np.vstack([probabilities, [1.0, 0.0, 0.0]]), np.vstack([label_strings, parse_label_strings(["nny"])])
    assert 1.0 < fit_temperature(*with_one, ALL) < 2.0


def test_labels_of_values_without_training_photos_do_not_change_the_temperature() -> None:
    of_two, label_strings = drawn(300, sharpness=2.0)
    probabilities, more = with_floor(of_two, [3, 0, 2], 4), np.array([[0.1, FLOOR, 0.2, 0.7 - FLOOR]])
    placed = np.full((300, 4), "n")
    placed[:, [3, 0, 2]] = label_strings
    alone = fit_temperature(of_two, label_strings, ALL)
    assert fit_temperature(probabilities, placed, [3, 0, 2]) == pytest.approx(alone)
    together = np.vstack([probabilities, more]), np.vstack([placed, parse_label_strings(["nynn"])])
    assert fit_temperature(*together, [3, 0, 2]) == pytest.approx(alone)
    assert fit_temperature(more, parse_label_strings(["nynn"]), [3, 0, 2]) == 1.0


@given(weights)
def test_a_temperature_of_one_changes_nothing(rows: np.ndarray) -> None:
    probabilities = with_floor(rows, [0, 3, 2], 5)
    np.testing.assert_allclose(apply_temperature(probabilities, 1.0, [0, 3, 2]), probabilities, rtol=0, atol=1e-12)


@given(weights, st.floats(1 / MAX_TEMPERATURE, MAX_TEMPERATURE))
def test_tempered_rows_are_distributions_with_the_same_order_and_the_floor(
    rows: np.ndarray, temperature: float
) -> None:
    probabilities = with_floor(rows, [0, 3, 2], 5)
    tempered = apply_temperature(probabilities, temperature, [0, 3, 2])
    np.testing.assert_allclose(tempered.sum(axis=1), 1)
    assert (tempered[:, [1, 4]] == FLOOR).all()
    assert (tempered >= 0).all()
    for before, after in zip(probabilities[:, [0, 3, 2]], tempered[:, [0, 3, 2]], strict=True):
        assert (np.diff(after[np.argsort(before)]) >= -1e-12).all()


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(2.0, [3 / 4, 1 / 4]), (0.5, [81 / 82, 1 / 82]), (1.0, [0.9, 0.1])],
)
def test_tempering_by_hand(temperature: float, expected: list[float]) -> None:
    np.testing.assert_allclose(apply_temperature(np.array([[0.9, 0.1]]), temperature, [0, 1]), [expected])


@pytest.mark.parametrize("temperature", [1 / MAX_TEMPERATURE, 1.0, 1.5])
def test_a_probability_of_zero_stays_as_good_as_zero(temperature: float) -> None:
    tempered = apply_temperature(np.array([[1.0, 0.0], [0.5, 0.5]]), temperature, [0, 1])
    np.testing.assert_allclose(tempered, [[1.0, 0.0], [0.5, 0.5]], atol=1e-9)


def test_each_part_is_tempered_as_is_best_for_the_others() -> None:
    (sharp, of_sharp), (soft, of_soft) = drawn(400, 3.0), drawn(400, 0.5, seed=2)
    probabilities, label_strings = np.vstack([sharp, soft]), np.vstack([of_sharp, of_soft])
    order = np.random.default_rng(1).permutation(800)
    tempered = np.zeros((800, 3))
    tempered[order] = cross_fit(probabilities[order], label_strings[order], np.repeat([4, 7], 400)[order], ALL)
    of_soft_part, of_sharp_part = fit_temperature(soft, of_soft, ALL), fit_temperature(sharp, of_sharp, ALL)
    assert of_soft_part < 1 < of_sharp_part
    np.testing.assert_allclose(tempered[:400], apply_temperature(sharp, of_soft_part, ALL), rtol=1e-6)
    np.testing.assert_allclose(tempered[400:], apply_temperature(soft, of_sharp_part, ALL), rtol=1e-6)


def test_a_single_part_is_tempered_by_itself() -> None:
    probabilities, label_strings = drawn(100, sharpness=2.0)
    expected = apply_temperature(probabilities, fit_temperature(probabilities, label_strings, ALL), ALL)
    np.testing.assert_array_equal(cross_fit(probabilities, label_strings, np.zeros(100, dtype=int), ALL), expected)


@pytest.mark.parametrize(
    ("answers", "confidences", "precision", "threshold"),
    [
        ("yyny", [0.9, 0.8, 0.7, 0.6], 0.9, 0.8),
        ("yyny", [0.9, 0.8, 0.7, 0.6], 0.75, 0.6),
        ("nyyy", [0.9, 0.8, 0.7, 0.6], 0.75, 0.6),
        ("yyny", [0.9, 0.8, 0.8, 0.6], 0.9, 0.9),
        ("nyn", [0.9, 0.8, 0.7], 0.9, None),
        ("ymmn", [0.9, 0.8, 0.7, 0.6], 1.0, 0.7),
        ("myn", [0.9, 0.8, 0.7], 1.0, 0.8),
        ("mm", [0.9, 0.8], 0.5, None),
        ("y" * 19 + "n", [0.9] * 20, 0.95, 0.9),
    ],
    ids=[
        "a wrong answer in the middle",
        "all",
        "a wrong answer first",
        "ties go in together",
        "none",
        "m counts neither way",
        "m first",
        "only m",
        "exactly",
    ],
)
def test_thresholds_by_hand(answers: str, confidences: list[float], precision: float, threshold: float | None) -> None:
    assert fit_threshold(*answered(answers, confidences), precision) == threshold


@given(
    st.lists(st.tuples(st.sampled_from("ynm"), st.sampled_from([0.6, 0.7, 0.8, 0.9])), min_size=1, max_size=10),
    st.sampled_from([0.5, 2 / 3, 0.75, 1.0]),
)
def test_a_threshold_has_the_largest_coverage_of_all_that_reach_the_precision(
    photos: list[tuple[str, float]], precision: float
) -> None:
    reaching = []
    for _, threshold in photos:
        answers = [answer for answer, confidence in photos if confidence >= threshold and answer != "m"]
        if answers and answers.count("y") / len(answers) >= precision:
            reaching.append(threshold)
    case = answered("".join(answer for answer, _ in photos), [confidence for _, confidence in photos])
    assert fit_threshold(*case, precision) == min(reaching, default=None)


def test_photos_of_a_part_are_answered_by_the_threshold_of_the_others() -> None:
    probabilities, label_strings = answered("yynn" + "yyyn", [0.9, 0.7, 0.65, 0.6, 0.9, 0.8, 0.75, 0.6])
    halves = np.array([0] * 4 + [1] * 4)
    # thresholds .7 of part 0 and .75 of part 1: answers y of part 0, and y y y of part 1
    assert score_abstention(probabilities, label_strings, halves, 1.0) == {"coverage": 4 / 8, "precision": 1.0}
    # .65 and .6: all of part 0, and y y y of part 1
    assert score_abstention(probabilities, label_strings, halves, 2 / 3) == {"coverage": 7 / 8, "precision": 5 / 7}


def test_an_answer_marked_m_is_covered_and_counts_neither_way() -> None:
    probabilities, label_strings = answered("yymn" + "yn", [0.9, 0.8, 0.8, 0.7, 0.8, 0.7])
    found = score_abstention(probabilities, label_strings, np.array([0] * 4 + [1] * 2), 1.0)
    assert found == {"coverage": 4 / 6, "precision": 1.0}


def test_a_part_whose_others_reach_the_precision_nowhere_is_not_answered() -> None:
    probabilities, label_strings = answered("nn" + "yy", [0.9, 0.8] * 2)
    halves = np.array([0, 0, 1, 1])
    assert score_abstention(probabilities, label_strings, halves, 0.9) == {"coverage": 2 / 4, "precision": 0.0}
    nowhere = score_abstention(*answered("nn", [0.9, 0.8]), np.array([0, 1]), 0.9)
    assert nowhere["coverage"] == 0.0
    assert math.isnan(nowhere["precision"])


def test_a_single_part_is_answered_by_its_own_threshold() -> None:
    case = answered("yyny", [0.9, 0.8, 0.7, 0.6])
    assert score_abstention(*case, np.zeros(4, dtype=int), 0.9) == {"coverage": 2 / 4, "precision": 1.0}


def test_the_precision_wanted_is_about_the_one_reached_on_other_photos() -> None:
    probabilities, label_strings = drawn(8000, sharpness=1.0)
    found = score_abstention(probabilities, label_strings, np.arange(8000) % 2, 0.9)
    assert found["precision"] == pytest.approx(0.9, abs=0.015)
    assert 0.2 < found["coverage"] < 0.9


def test_bins_of_a_value_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    probabilities, is_value = generator.uniform(0.05, 1, 200), generator.random(200) < 0.4
    bins = reliability(probabilities, is_value, least=10, most=10)
    observed, predicted = calibration_curve(is_value, probabilities, n_bins=10, strategy="quantile")
    np.testing.assert_allclose([each.predicted for each in bins], predicted)
    np.testing.assert_allclose([each.observed for each in bins], observed)
    assert [each.num_photos for each in bins] == [20] * 10


def test_the_interval_of_a_bin_is_that_of_wilson() -> None:
    [found] = reliability(np.full(12, 0.3), np.arange(12) < 9, least=10, most=10)
    z, share = 1.959963984540054, 9 / 12
    middle = (share + z**2 / 24) / (1 + z**2 / 12)
    half = z * math.sqrt(share * (1 - share) / 12 + z**2 / (4 * 12**2)) / (1 + z**2 / 12)
    assert found == pytest.approx((0.3, share, middle - half, middle + half, 12))


@given(
    st.lists(st.sampled_from([0.0, 0.01, 0.04, 0.05, 0.2, 0.3, 0.3001, 0.9, 1.0]), min_size=1, max_size=150),
    st.integers(1, 40),
    st.integers(1, 12),
)
def test_each_bin_has_enough_photos_and_equal_probabilities_are_in_one(
    given: list[float], least: int, most: int
) -> None:
    probabilities = np.array(given)
    bins = reliability(probabilities, probabilities > 0.25, least, most)
    sizes = [each.num_photos for each in bins]
    assert sum(sizes) == len(given)
    assert min(sizes) >= min(least, len(given))
    assert len(bins) <= most
    ranked, starts = np.sort(probabilities), np.cumsum([0, *sizes[:-1]])
    assert all(ranked[start - 1] < ranked[start] for start in starts[1:])
    ends = [*starts[1:], len(given)]
    means = [ranked[start:end].mean() for start, end in zip(starts, ends, strict=True)]
    np.testing.assert_allclose([each.predicted for each in bins], means)
    shares = [(ranked[start:end] > 0.25).mean() for start, end in zip(starts, ends, strict=True)]
    np.testing.assert_allclose([each.observed for each in bins], shares)


def test_photos_with_next_to_no_chance_of_the_value_are_one_bin() -> None:
    probabilities = np.concatenate([np.linspace(0, 0.0499, 500), np.linspace(0.05, 1, 45)])
    bins = reliability(probabilities, probabilities > 0.5, least=10, most=10)
    assert [each.num_photos for each in bins] == [500, 10, 10, 10, 15]


def test_nineteen_of_twenty_intervals_hold_a_probability_that_is_right() -> None:
    generator = np.random.default_rng(7)
    probabilities = generator.uniform(0.05, 0.95, (400, 500))
    bins = [
        each for row in probabilities for each in reliability(row, generator.random(len(row)) < row, least=10, most=10)
    ]
    assert np.mean([each.low <= each.predicted <= each.high for each in bins]) == pytest.approx(0.95, abs=0.015)
