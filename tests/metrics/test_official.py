import math
import re
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import accuracy_score, brier_score_loss, confusion_matrix, f1_score, log_loss

from apparel_eye.attributes import DIMENSIONS, ordered_values
from apparel_eye.metrics import official
from apparel_eye.metrics.official import LabelStrings, Probabilities, parse_label_strings

Case = tuple[Probabilities, LabelStrings]


def literal_precision(probabilities: Probabilities, label_strings: LabelStrings, threshold: float) -> float | None:
    """Precision of the photos whose confidence reaches a threshold, photo by photo; None where nothing is counted."""
    right = counted = 0
    for row, of_row in zip(probabilities, label_strings, strict=True):
        mark = of_row[list(row).index(max(row))]
        if max(row) >= threshold and mark != "m":
            counted += 1
            right += mark == "y"
    return right / counted if counted else None


def literal_average_precision(probabilities: Probabilities, label_strings: LabelStrings) -> float:
    precisions = [literal_precision(probabilities, label_strings, max(row)) for row in probabilities]
    counted = [precision for precision in precisions if precision is not None]
    return sum(counted) / len(counted) if counted else math.nan


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few photos with many ties and many ``m``."""
    num_photos, num_values = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    tenths = st.lists(st.integers(0, 4), min_size=num_values, max_size=num_values)
    probabilities = np.array([draw(tenths) for _ in range(num_photos)]) / 10
    labels = []
    for _ in range(num_photos):
        label = draw(st.lists(st.sampled_from("nm"), min_size=num_values, max_size=num_values))
        label[draw(st.integers(0, num_values - 1))] = "y"
        labels.append("".join(label))
    return probabilities, parse_label_strings(labels)


def answered(answers: str, confidences: list[float]) -> Case:
    """One photo per character, whose answer, the first of two values, is marked so."""
    label_strings = parse_label_strings([{"y": "yn", "n": "ny", "m": "my"}[answer] for answer in answers])
    return np.array([[confidence, 0.0] for confidence in confidences]), label_strings


@given(cases())
def test_average_precision_is_the_mean_over_the_photos_own_thresholds(case: Case) -> None:
    np.testing.assert_allclose(official.average_precision(*case), literal_average_precision(*case))


@given(cases())
def test_basic_precision_answers_every_photo(case: Case) -> None:
    literal = literal_precision(*case, threshold=-1.0)
    np.testing.assert_allclose(official.basic_precision(*case), math.nan if literal is None else literal)


@given(cases(), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_photos(case: Case, random: Random) -> None:
    probabilities, label_strings = case
    order = list(range(len(label_strings)))
    random.shuffle(order)
    shuffled = official.all_scores(probabilities[order], label_strings[order], ordered=[1, 0])
    assert shuffled == pytest.approx(official.all_scores(probabilities, label_strings, ordered=[1, 0]), nan_ok=True)


@pytest.mark.parametrize(
    ("answers", "confidences", "basic", "average"),
    [
        ("yn", [0.9, 0.8], 1 / 2, (1 + 1 / 2) / 2),
        ("ny", [0.9, 0.8], 1 / 2, (0 + 1 / 2) / 2),
        ("yn", [0.8, 0.8], 1 / 2, 1 / 2),
        ("ynny", [0.9, 0.8, 0.8, 0.7], 1 / 2, (1 + 1 / 3 + 1 / 3 + 2 / 4) / 4),
        ("my", [0.9, 0.8], 1, 1),
        ("m", [0.9], math.nan, math.nan),
    ],
    ids=["right first", "wrong first", "a tie goes in together", "a tie in the middle", "m first", "only m"],
)
def test_precisions_by_hand(answers: str, confidences: list[float], basic: float, average: float) -> None:
    case = answered(answers, confidences)
    assert official.basic_precision(*case) == pytest.approx(basic, nan_ok=True)
    assert official.average_precision(*case) == pytest.approx(average, nan_ok=True)


def test_an_answer_marked_m_leaves_precision_alone_and_adds_a_threshold() -> None:
    without, among = answered("yn", [0.9, 0.7]), answered("ymn", [0.9, 0.8, 0.7])
    assert official.basic_precision(*among) == official.basic_precision(*without) == 1 / 2
    assert official.average_precision(*without) == pytest.approx((1 + 1 / 2) / 2)
    assert official.average_precision(*among) == pytest.approx((1 + 1 + 1 / 2) / 3)


@pytest.mark.parametrize(("num_right", "num_photos"), [(7, 10), (1, 5), (4, 4)])
def test_perfect_ranking_has_the_precision_of_a_harmonic_tail(num_right: int, num_photos: int) -> None:
    answers = "y" * num_right + "n" * (num_photos - num_right)
    confidences = list(np.linspace(0.9, 0.5, num_photos))
    closed_form = (num_right + sum(num_right / rank for rank in range(num_right + 1, num_photos + 1))) / num_photos
    assert official.average_precision(*answered(answers, confidences)) == pytest.approx(closed_form)


def test_log_loss_of_ignorance_is_the_logarithm_of_the_number_of_values() -> None:
    label_strings = parse_label_strings(["ynnnn", "nnmyn", "nnnny"])
    assert official.log_loss(np.full((3, 5), 0.2), label_strings) == pytest.approx(math.log(5))


def test_log_loss_is_the_mean_over_photos_and_finite_where_the_truth_had_no_probability() -> None:
    probabilities = np.array([[0.5, 0.5], [1.0, 0.0]])
    expected = (math.log(2) - math.log(1e-15)) / 2
    assert official.log_loss(probabilities, parse_label_strings(["yn", "ny"])) == pytest.approx(expected)


@given(cases())
def test_log_loss_is_that_of_scikit_learn(case: Case) -> None:
    probabilities = (case[0] + 0.05) / (case[0] + 0.05).sum(axis=1, keepdims=True)
    expected = log_loss(official.true_values(case[1]), probabilities, labels=range(probabilities.shape[1]))
    assert official.log_loss(probabilities, case[1]) == pytest.approx(expected)


def test_accuracy_counts_an_answer_marked_m_as_wrong() -> None:
    assert official.accuracy(*answered("yymn", [0.9, 0.8, 0.7, 0.6])) == 2 / 4


def test_confusion_counts_true_values_in_rows_and_predicted_ones_in_columns() -> None:
    label_strings = parse_label_strings(["ynn", "ynn", "nyn", "nmy"])
    probabilities = np.eye(3)[[0, 2, 1, 1]]
    np.testing.assert_array_equal(official.confusion(probabilities, label_strings), [[1, 0, 1], [0, 1, 0], [0, 1, 0]])


@given(cases())
def test_accuracy_and_confusion_are_those_of_scikit_learn(case: Case) -> None:
    truth, answers, values = official.true_values(case[1]), case[0].argmax(axis=1), range(case[1].shape[1])
    assert official.accuracy(*case) == pytest.approx(accuracy_score(truth, answers))
    np.testing.assert_array_equal(official.confusion(*case), confusion_matrix(truth, answers, labels=values))


def test_one_step_on_the_scale_is_near_and_two_are_not() -> None:
    label_strings = parse_label_strings(["nynn", "nynn", "nynn", "ynnn", "ynnn", "nnny"])
    probabilities = np.eye(4)[[1, 2, 3, 1, 0, 0]]
    right, a_step = 2, 1  # the first value, Invisible, is next to nothing
    assert official.within_one_step(probabilities, label_strings, ordered=[1, 2, 3]) == (right + a_step) / 6


def test_neighbors_are_those_of_the_scale_and_not_of_the_order_of_values() -> None:
    label_strings = parse_label_strings(["ynn", "nyn"])
    answers = np.eye(3)[[2, 2]]
    assert official.within_one_step(answers, label_strings, ordered=[0, 2, 1]) == 1.0
    assert official.within_one_step(answers, label_strings, ordered=[0, 1, 2]) == 1 / 2


@pytest.mark.parametrize(
    ("category", "values", "ordered"),
    [
        ("skirt_length", DIMENSIONS["skirt_length"], (1, 2, 3, 4, 5)),
        ("neck_design", DIMENSIONS["neck_design"], ()),
        ("heel_length", ["1", "2", "10"], (0, 1, 2)),
        ("heel_length", ["flat", "Invisible", "high"], (0, 2)),
        ("heel", ["1", "2", "10"], ()),
    ],
)
def test_values_of_a_length_are_a_scale_but_for_the_invisible_one(
    category: str, values: Sequence[str], ordered: tuple[int, ...]
) -> None:
    assert ordered_values(category, values) == ordered


@given(cases())
def test_without_a_scale_only_the_labelled_value_is_near(case: Case) -> None:
    assert official.within_one_step(*case, ordered=[]) == official.accuracy(*case)


@given(cases())
def test_macro_f1_is_that_of_scikit_learn(case: Case) -> None:
    probabilities, label_strings = case
    expected = f1_score(official.true_values(label_strings), probabilities.argmax(axis=1), average="macro")
    assert official.macro_f1(probabilities, label_strings) == pytest.approx(expected)


@given(cases())
def test_brier_score_is_that_of_scikit_learn(case: Case) -> None:
    probabilities, label_strings = case
    probabilities = (probabilities + 0.05) / (probabilities + 0.05).sum(axis=1, keepdims=True)
    num_values = label_strings.shape[1]
    truth = official.true_values(label_strings)
    expected = brier_score_loss(truth, probabilities, labels=list(range(num_values)), scale_by_half=False)
    if num_values == 2:  # of which scikit-learn wants the second one's only
        expected = 2 * brier_score_loss(truth, probabilities[:, 1], labels=[0, 1], scale_by_half=True)
    assert official.brier_score(probabilities, label_strings) == pytest.approx(expected)


@pytest.mark.parametrize("num_bins", [1, 4, 8])
@given(case=cases())
def test_calibration_error_is_the_gap_of_each_bin_by_its_share(num_bins: int, case: Case) -> None:
    probabilities, label_strings = case
    expected = 0.0
    for number in range(num_bins):
        inside = [
            (max(row), list(row).index(max(row)) == list(of_row).index("y"))
            for row, of_row in zip(probabilities.tolist(), label_strings.tolist(), strict=True)
            if number / num_bins <= max(row) < (number + 1) / num_bins
        ]
        if inside:
            confidence, right = (sum(column) / len(inside) for column in zip(*inside, strict=True))
            expected += len(inside) / len(label_strings) * abs(confidence - right)
    assert official.expected_calibration_error(probabilities, label_strings, num_bins) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answers", "confidences", "expected"),
    [
        ("y", [1.0], 0.0),
        ("n", [1.0], 1.0),
        ("m", [1.0], 1.0),
        ("yyyn", [0.75] * 4, 0.0),
        ("yn", [0.9, 0.5], (0.1 + 0.5) / 2),
        ("yn", [0.62, 0.64], abs(2 * 0.63 - 1) / 2),
        ("ny", [0.65, 0.68], (0.65 + 0.32) / 2),
    ],
    ids=["sure", "sure and wrong", "m is wrong", "calibrated", "two bins", "one of 15 bins", "an edge at 10/15"],
)
def test_calibration_error_by_hand(answers: str, confidences: list[float], expected: float) -> None:
    assert official.expected_calibration_error(*answered(answers, confidences)) == pytest.approx(expected)


@pytest.mark.parametrize(("confidence", "num_photos"), [(0.7, 1), (0.7, 2), (0.9, 25)])
def test_calibration_noise_of_equal_confidences_is_the_mean_deviation_of_a_binomial(
    confidence: float, num_photos: int
) -> None:
    probabilities = np.array([[confidence, 1 - confidence]] * num_photos)
    num_right = np.arange(num_photos + 1)
    chances = binom.pmf(num_right, num_photos, confidence)
    expected = (chances * np.abs(num_right / num_photos - confidence)).sum()
    assert official.calibration_noise(probabilities, seed=1, num_draws=40_000) == pytest.approx(expected, rel=0.03)


def test_calibration_noise_adds_up_over_bins() -> None:
    apart = np.array([[0.9, 0.1], [0.7, 0.3]])
    expected = (2 * 0.9 * 0.1 + 2 * 0.7 * 0.3) / 2
    assert official.calibration_noise(apart, seed=1, num_draws=40_000) == pytest.approx(expected, rel=0.03)


def test_calibration_noise_is_the_calibration_error_of_outcomes_drawn_with_their_confidences() -> None:
    generator = np.random.default_rng(3)
    probabilities = generator.dirichlet(np.ones(3), size=60)
    drawn = []
    for _ in range(2000):
        labels = [generator.choice(3, p=row) for row in probabilities]
        label_strings = np.where(np.eye(3)[labels] == 1, "y", "n")
        drawn.append(official.expected_calibration_error(probabilities, label_strings))
    assert official.calibration_noise(probabilities, seed=1, num_draws=2000) == pytest.approx(np.mean(drawn), rel=0.05)


def test_calibration_noise_is_zero_where_nothing_is_left_to_chance_and_the_same_for_a_seed() -> None:
    assert official.calibration_noise(np.eye(3), seed=1, num_draws=10) == 0.0
    probabilities = np.array([[0.6, 0.4], [0.8, 0.2]])
    noise = [official.calibration_noise(probabilities, seed, num_draws=100) for seed in (1, 1, 2)]
    assert noise[0] == noise[1] != noise[2]


def test_risk_and_coverage_by_hand() -> None:
    coverages, error_rates = official.risk_coverage(*answered("ynmyn", [0.9, 0.8, 0.8, 0.7, 0.6]))
    np.testing.assert_allclose(coverages, [1 / 5, 3 / 5, 4 / 5, 1])
    np.testing.assert_allclose(error_rates, [0, 2 / 3, 2 / 4, 3 / 5])


@given(cases())
def test_risk_at_a_coverage_is_that_of_the_photos_with_at_least_a_confidence(case: Case) -> None:
    probabilities, label_strings = case
    confidences = sorted({max(row) for row in probabilities.tolist()}, reverse=True)
    expected = []
    for confidence in confidences:
        of_photos = probabilities.max(axis=1) >= confidence
        expected.append((of_photos.mean(), 1 - official.accuracy(probabilities[of_photos], label_strings[of_photos])))
    np.testing.assert_allclose(np.transpose(official.risk_coverage(probabilities, label_strings)), expected)


@given(cases())
def test_area_under_risk_and_coverage_is_what_average_precision_lacks_where_no_label_has_an_m(case: Case) -> None:
    probabilities, label_strings = case
    sure = np.where(label_strings == "m", "n", label_strings)
    area = official.area_under_risk_coverage(probabilities, sure)
    assert area == pytest.approx(1 - official.average_precision(probabilities, sure))
    assert official.area_under_risk_coverage(probabilities, label_strings) == pytest.approx(area)


@given(cases())
def test_own_thresholds_count_the_answers_of_the_photos_that_reach_them(case: Case) -> None:
    probabilities, label_strings = case
    confidences, right, counted = official.at_own_thresholds(probabilities, label_strings)
    assert confidences.tolist() == sorted(probabilities.max(axis=1).tolist(), reverse=True)
    precisions = [literal_precision(probabilities, label_strings, confidence) for confidence in confidences]
    assert [None if not of else some / of for some, of in zip(right, counted, strict=True)] == precisions


@given(cases(), st.data())
def test_a_wrong_answer_that_is_marked_m_lowers_no_precision_and_changes_no_score_of_the_label(
    case: Case, data: st.DataObject
) -> None:
    probabilities, label_strings = case
    answers = label_strings[np.arange(len(label_strings)), probabilities.argmax(axis=1)]
    wrong = np.flatnonzero(answers == "n").tolist()
    softened = label_strings.copy()
    if wrong:
        photo = data.draw(st.sampled_from(wrong))
        softened[photo, probabilities[photo].argmax()] = "m"
    before, after = (official.all_scores(probabilities, each, ordered=[0, 1]) for each in (label_strings, softened))
    of_competition = ("basic_precision", "average_precision")
    assert {name: after[name] for name in after if name not in of_competition} == pytest.approx(
        {name: before[name] for name in before if name not in of_competition}
    )
    for name in of_competition:
        assert math.isnan(after[name]) or after[name] >= before[name] - 1e-12


def test_training_looks_at_some_scores_and_a_report_at_all() -> None:
    case = answered("yymn", [0.9, 0.8, 0.7, 0.6])
    others = ("macro_f1", "brier_score", "expected_calibration_error", "area_under_risk_coverage")
    expected = {**official.scores(*case), **{name: getattr(official, name)(*case) for name in others}}
    assert official.all_scores(*case) == expected
    assert official.all_scores(*case, ordered=(1, 0)) == {
        **expected,
        "within_one_step": official.within_one_step(*case, ordered=(1, 0)),
    }


def test_scores_come_under_the_names_of_their_functions() -> None:
    case = answered("yymn", [0.9, 0.8, 0.7, 0.6])
    expected = {
        name: getattr(official, name)(*case)
        for name in ("basic_precision", "average_precision", "accuracy", "log_loss")
    }
    assert official.scores(*case) == expected


@pytest.mark.parametrize("shape", [(2, 3), (1, 2)], ids=["other values", "other photos"])
def test_probabilities_of_other_photos_or_values_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"probabilities have shape {shape} and labels (2, 2)")):
        official.basic_precision(np.zeros(shape), parse_label_strings(["yn", "ny"]))


def test_no_photos_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one photo"):
        official.average_precision(np.zeros((0, 2)), np.zeros((0, 2), dtype="U1"))
