"""Scores of the whole flow, computed once more from its probabilities."""

import json
from pathlib import Path

import pandas as pd
import pytest
from whole_flow import CANDIDATES, CATEGORY, NUM_LABELLED, NUM_QUESTIONS, VALUES

from apparel_eye.metrics import official
from apparel_eye.schemas import Probabilities


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_scores_are_those_of_the_probabilities_on_validation_photos(results: Path, candidate: str) -> None:
    primary = results / "03_primary" / CATEGORY
    subsets = pd.read_parquet(primary / "subsets.parquet")
    validation = subsets[subsets["subset"] == "validation"]
    table = pd.read_parquet(results / "07_model_output" / CATEGORY / "probabilities.parquet")
    answers = Probabilities.validate(table)[table["candidate"] == candidate].set_index("image_key")
    probabilities = answers.loc[validation["image_key"], [f"p{index}" for index in range(len(VALUES))]].to_numpy()
    scores = json.loads((results / "08_reporting" / CATEGORY / "scores.json").read_text())
    assert len(validation) == scores["photos"] == NUM_LABELLED // 5
    expected = official.all_scores(
        probabilities, official.parse_label_strings(validation["label_string"]), range(1, len(VALUES))
    )
    assert {name: scores[candidate][name] for name in expected} == pytest.approx(expected, nan_ok=True)
    for name in ("accuracy", "log_loss", "basic_precision", "average_precision"):
        assert scores[candidate][f"{name}_low"] <= expected[name] <= scores[candidate][f"{name}_high"]
    assert set(answers["role"]) == {"validation", "to predict"}
    assert len(answers) == len(validation) + NUM_QUESTIONS - 1


def test_the_choice_among_candidates_is_scored_too(results: Path) -> None:
    scores = json.loads((results / "08_reporting" / CATEGORY / "scores.json").read_text())
    assert set(scores) == {*CANDIDATES, "submission", "photos"}
    usual = {"basic_precision", "average_precision", "accuracy", "log_loss"}
    assert set(scores["submission"]) == {"candidate", "answered_coverage", "answered_precision", *usual}
