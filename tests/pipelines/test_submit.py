"""Submissions of the whole flow."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from whole_flow import CANDIDATES, CATEGORY, NUM_QUESTIONS, VALUES


def read_submission(path: Path) -> tuple[list[str], np.ndarray]:
    table = pd.read_csv(path, header=None, names=["path", "dimension", "probabilities"])
    assert set(table["dimension"]) == {f"{CATEGORY}_labels"}
    return table["path"].tolist(), np.array([line.split(";") for line in table["probabilities"]], dtype=float)


@pytest.mark.parametrize("name", ["submission.csv", *[f"submissions/{candidate}.csv" for candidate in CANDIDATES]])
def test_a_submission_answers_every_question_in_its_order(
    results: Path, garments: Path, broken_question: str, name: str
) -> None:
    questions = (garments / "rank" / "Tests" / "question.csv").read_text().splitlines()
    asked = [line.split(",")[0] for line in questions if CATEGORY in line]
    paths, probabilities = read_submission(results / "07_model_output" / CATEGORY / name)
    assert len(paths) == NUM_QUESTIONS
    assert paths == asked
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-9)
    even = np.full(len(VALUES), 1 / len(VALUES))  # as many labelled photos of each value
    np.testing.assert_allclose(probabilities[asked.index(broken_question)], even, atol=1e-9)


def test_the_submission_is_the_file_of_the_chosen_candidate(results: Path) -> None:
    scores = json.loads((results / "08_reporting" / CATEGORY / "scores.json").read_text())
    folder = results / "07_model_output" / CATEGORY
    chosen = folder / "submissions" / f"{scores['submission']['candidate']}.csv"
    assert (folder / "submission.csv").read_bytes() == chosen.read_bytes()
