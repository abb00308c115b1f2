import math
import re
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apparel_eye import metrics
from apparel_eye.metrics import Marks, Probabilities, marks_of

Case = tuple[Probabilities, Marks]


def literal_precision(probabilities: Probabilities, marks: Marks, threshold: float) -> float | None:
    """Precision of the photos whose confidence reaches a threshold, photo by photo; None where nothing is counted."""
    right = counted = 0
    for row, of_row in zip(probabilities, marks, strict=True):
        mark = of_row[list(row).index(max(row))]
        if max(row) >= threshold and mark != "m":
            counted += 1
            right += mark == "y"
    return right / counted if counted else None


def literal_average_precision(probabilities: Probabilities, marks: Marks) -> float:
    precisions = [literal_precision(probabilities, marks, max(row)) for row in probabilities]
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
    return probabilities, marks_of(labels)


def answered(answers: str, confidences: list[float]) -> Case:
    """One photo per character, whose answer, the first of two values, is marked so."""
    marks = marks_of([{"y": "yn", "n": "ny", "m": "my"}[answer] for answer in answers])
    return np.array([[confidence, 0.0] for confidence in confidences]), marks


@given(cases())
@settings(deadline=None)
def test_average_precision_is_the_mean_over_the_photos_own_thresholds(case: Case) -> None:
    np.testing.assert_allclose(metrics.average_precision(*case), literal_average_precision(*case))


@given(cases())
@settings(deadline=None)
def test_basic_precision_answers_every_photo(case: Case) -> None:
    literal = literal_precision(*case, threshold=-1.0)
    np.testing.assert_allclose(metrics.basic_precision(*case), math.nan if literal is None else literal)


@given(cases(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_scores_do_not_depend_on_the_order_of_photos(case: Case, random: Random) -> None:
    probabilities, marks = case
    order = list(range(len(marks)))
    random.shuffle(order)
    shuffled = metrics.scores(probabilities[order], marks[order])
    assert shuffled == pytest.approx(metrics.scores(probabilities, marks), nan_ok=True)


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
    assert metrics.basic_precision(*case) == pytest.approx(basic, nan_ok=True)
    assert metrics.average_precision(*case) == pytest.approx(average, nan_ok=True)


def test_an_answer_marked_m_leaves_precision_alone_and_adds_a_threshold() -> None:
    without, among = answered("yn", [0.9, 0.7]), answered("ymn", [0.9, 0.8, 0.7])
    assert metrics.basic_precision(*among) == metrics.basic_precision(*without) == 1 / 2
    assert metrics.average_precision(*without) == pytest.approx((1 + 1 / 2) / 2)
    assert metrics.average_precision(*among) == pytest.approx((1 + 1 + 1 / 2) / 3)


@pytest.mark.parametrize(("num_right", "num_photos"), [(7, 10), (1, 5), (4, 4)])
def test_perfect_ranking_has_the_precision_of_a_harmonic_tail(num_right: int, num_photos: int) -> None:
    answers = "y" * num_right + "n" * (num_photos - num_right)
    confidences = list(np.linspace(0.9, 0.5, num_photos))
    closed_form = (num_right + sum(num_right / rank for rank in range(num_right + 1, num_photos + 1))) / num_photos
    assert metrics.average_precision(*answered(answers, confidences)) == pytest.approx(closed_form)


def test_log_loss_of_ignorance_is_the_logarithm_of_the_number_of_values() -> None:
    marks = marks_of(["ynnnn", "nnmyn", "nnnny"])
    assert metrics.log_loss(np.full((3, 5), 0.2), marks) == pytest.approx(math.log(5))


def test_log_loss_is_the_mean_over_photos_and_finite_where_the_truth_had_no_probability() -> None:
    probabilities = np.array([[0.5, 0.5], [1.0, 0.0]])
    expected = (math.log(2) - math.log(1e-15)) / 2
    assert metrics.log_loss(probabilities, marks_of(["yn", "ny"])) == pytest.approx(expected)


def test_accuracy_counts_an_answer_marked_m_as_wrong() -> None:
    assert metrics.accuracy(*answered("yymn", [0.9, 0.8, 0.7, 0.6])) == 2 / 4


def test_confusion_counts_true_values_in_rows_and_predicted_ones_in_columns() -> None:
    marks = marks_of(["ynn", "ynn", "nyn", "nmy"])
    probabilities = np.eye(3)[[0, 2, 1, 1]]
    np.testing.assert_array_equal(metrics.confusion(probabilities, marks), [[1, 0, 1], [0, 1, 0], [0, 1, 0]])


@given(cases())
@settings(deadline=None)
def test_the_diagonal_of_the_confusion_is_what_accuracy_counts(case: Case) -> None:
    counts = metrics.confusion(*case)
    assert counts.sum() == len(case[1])
    assert np.trace(counts) == pytest.approx(metrics.accuracy(*case) * len(case[1]))


def test_all_scores_come_under_the_names_of_their_functions() -> None:
    case = answered("yymn", [0.9, 0.8, 0.7, 0.6])
    expected = {
        name: getattr(metrics, name)(*case) for name in ("basic_precision", "average_precision", "accuracy", "log_loss")
    }
    assert metrics.scores(*case) == expected


@pytest.mark.parametrize("shape", [(2, 3), (1, 2)], ids=["other values", "other photos"])
def test_probabilities_of_other_photos_or_values_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"probabilities have shape {shape} and labels (2, 2)")):
        metrics.basic_precision(np.zeros(shape), marks_of(["yn", "ny"]))


def test_no_photos_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one photo"):
        metrics.average_precision(np.zeros((0, 2)), np.zeros((0, 2), dtype="U1"))
