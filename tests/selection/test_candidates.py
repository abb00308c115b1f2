import math

import numpy as np
import pandas as pd
import pytest
from photo_tables import subsets_of

from apparel_eye.errors import UsageError
from apparel_eye.metrics import official
from apparel_eye.metrics.official import parse_label_strings
from apparel_eye.schemas import ScoreTable
from apparel_eye.selection.candidates import ByCandidate, choose, score_choice, score_table, seen_values_of

MARKS = parse_label_strings(["yn"] * 4)
PARTS = np.array([0, 0, 1, 1])


def of_truth(*probabilities: float) -> np.ndarray:
    """Two values of which the first is true, with these probabilities."""
    return np.array([[probability, 1 - probability] for probability in probabilities])


@pytest.fixture
def candidates() -> ByCandidate:
    """The first candidate knows the photos of part 0 only, the second those of part 1."""
    return {"plain": of_truth(0.9, 0.9, 0.1, 0.1), "tta": of_truth(0.2, 0.2, 0.8, 0.8)}


def test_a_photo_is_answered_by_the_candidate_that_the_other_part_chooses(candidates: ByCandidate) -> None:
    expected = {
        "basic_precision": 0.0,
        "average_precision": 0.0,
        "accuracy": 0.0,
        "log_loss": -(math.log(0.2) + math.log(0.1)) / 2,
    }
    assert score_choice(candidates, MARKS, PARTS) == pytest.approx(expected)


def test_a_candidate_that_is_wanted_answers_all_parts(candidates: ByCandidate) -> None:
    assert score_choice(candidates, MARKS, PARTS, wanted="plain") == official.scores(candidates["plain"], MARKS)


def test_without_xgboost_the_least_log_loss_is_chosen_whatever_its_official_score() -> None:
    hesitant, sure = of_truth(0.6, 0.6, 0.6, 0.6), of_truth(0.99, 0.99, 0.99, 0.4)
    assert official.basic_precision(hesitant, MARKS) > official.basic_precision(sure, MARKS)
    assert choose({"hesitant": hesitant, "sure": sure}, MARKS) == "sure"


@pytest.mark.parametrize(
    ("others", "chosen"),
    [([0.6, 0.6, 0.6, 0.6], "other"), ([0.99, 0.6, 0.4, 0.5], "xgboost"), ([0.5, 0.5, 0.5, 0.5], "xgboost")],
    ids=["a bit better for each photo", "much better for one photo", "as good"],
)
def test_another_candidate_than_xgboost_must_be_better_beyond_chance(others: list[float], chosen: str) -> None:
    xgboost, other = of_truth(0.5, 0.49, 0.51, 0.5), of_truth(*others)
    assert choose({"other": other, "xgboost": xgboost}, MARKS) == chosen
    assert choose({"xgboost": xgboost, "other": other}, MARKS) == chosen


def test_of_one_photo_nothing_is_said_beyond_chance() -> None:
    assert choose({"other": of_truth(0.9), "xgboost": of_truth(0.1)}, MARKS[:1]) == "xgboost"


def test_two_standard_errors_are_beyond_chance() -> None:
    generator = np.random.default_rng(0)
    picked = 0
    for _ in range(2000):
        logits = generator.normal(size=(50, 2))
        xgboost, other = (1 / (1 + np.exp(-each)) for each in logits.T)
        picked += (
            choose({"xgboost": of_truth(*xgboost), "other": of_truth(*other)}, parse_label_strings(["yn"] * 50))
            == "other"
        )
    assert 0.01 < picked / 2000 < 0.04  # 2.5 % of candidates that are as good


def test_the_official_score_decides_between_equal_losses() -> None:
    label_strings = parse_label_strings(["ynn"] * 2)
    right, wrong = np.array([[0.4, 0.3, 0.3]] * 2), np.array([[0.4, 0.6, 0.0]] * 2)
    assert official.log_loss(right, label_strings) == official.log_loss(wrong, label_strings)
    assert choose({"wrong": wrong, "right": right}, label_strings) == "right"


def test_a_wanted_candidate_is_taken_though_another_is_better(candidates: ByCandidate) -> None:
    assert choose(candidates, MARKS, wanted="plain") == "plain"


def test_a_misspelt_candidate_is_refused_with_the_nearest_name(candidates: ByCandidate) -> None:
    with pytest.raises(UsageError, match=r"'plian'.*did you mean plain"):
        choose(candidates, MARKS, wanted="plian")


def test_score_table_has_the_scores_of_each_candidate(candidates: ByCandidate) -> None:
    rows = [
        {
            "candidate": name,
            **official.all_scores(candidates[name], MARKS, [0, 1]),
            "calibration_noise": official.calibration_noise(candidates[name], 1, 1000),
            "photos": 4,
        }
        for name in ("plain", "tta")
    ]
    table = score_table(candidates, MARKS, np.arange(4), [0, 1], num_resamples=0)
    pd.testing.assert_frame_equal(ScoreTable.validate(table), pd.DataFrame(rows))


def test_scores_have_intervals_over_groups(candidates: ByCandidate) -> None:
    table = ScoreTable.validate(score_table(candidates, MARKS, np.arange(4), [], num_resamples=100)).set_index(
        "candidate"
    )
    low, found, high = table.loc["plain", ["accuracy_low", "accuracy", "accuracy_high"]]
    assert 0 <= low < found == 0.5 < high <= 1
    as_one = score_table(candidates, MARKS, np.array(["a", "a", "b", "b"]), [], num_resamples=100).set_index(
        "candidate"
    )
    assert as_one.loc["plain", "accuracy_low"] < low
    assert [name for name in official.all_scores(candidates["plain"], MARKS) if f"{name}_low" not in table] == []
    assert "within_one_step" not in table


def test_heads_that_are_fitted_once_more_know_the_values_of_all_labelled_photos() -> None:
    subsets = subsets_of(["train", "validation"], ["yn", "ny"], ["short", "long"])
    known = {
        (candidate, refit): seen_values_of(candidate, subsets, refit).tolist()
        for candidate in ("tta", "xgboost")
        for refit in (True, False)
    }
    assert known == {("tta", True): [0], ("tta", False): [0], ("xgboost", True): [0, 1], ("xgboost", False): [0]}
