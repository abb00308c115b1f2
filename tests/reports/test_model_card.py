import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apparel_eye.networks.licenses import describe_weights
from apparel_eye.reports.model_card import Facts, write_card

SCORE = {"basic_precision": 0.5, "average_precision": 0.25, "accuracy": 0.75, "log_loss": 1.0}
SCORES = {
    "plain": SCORE | {"accuracy_low": 0.7, "accuracy_high": 0.8},
    "submission": {"candidate": "plain", **SCORE, "answered_coverage": 0.4, "answered_precision": 0.9},
    "photos": 3,
}
FACTS = Facts(
    category="heel|height",
    values=["flat", "mid", "high"],
    counts=[(4, 2), (0, 1), (5, 0)],
    num_groups=7,
    domains={"worn": 12},
    scores=SCORES,
    precision=0.9,
    backbone="net",
    weights="Free.",
    versions={"x": "1"},
)


def test_it_names_what_cannot_be_answered_and_what_was_not_tested() -> None:
    card = write_card(FACTS)
    assert "It never answers mid: " in card
    assert "No validation photo is high, " in card
    assert "| mid | 0 | 1 |" in card
    assert "| all | 9 | 3 |" in card
    assert "| `plain` | 0.500 | 0.250 | 0.750 (0.70 to 0.80) | 1.000 |" in card
    assert "given test" not in card


def test_the_test_is_told_where_there_is_one() -> None:
    scores = SCORES | {"test": SCORE | {"photos": 8}}
    card = write_card(replace(FACTS, scores=scores))
    assert "On the 8 photos of the given test it reaches 0.500 / 0.250." in card
    assert "`test`" not in card


def test_the_card_of_a_run_says_what_its_results_say(results: Path) -> None:
    card = (results / "08_reporting" / "skirt_length" / "model_card.md").read_text()
    table = pd.read_csv(results / "08_reporting" / "skirt_length" / "scores.csv").set_index("candidate")
    for candidate in ("plain", "tta", "xgboost", "bags", "logistic", "perceptron", "blend"):
        assert re.search(rf"^\| `{candidate}` \| {table.loc[candidate, 'basic_precision']:.3f} \(", card, re.MULTILINE)
    manifest = pd.read_parquet(results / "03_primary" / "skirt_length" / "manifest.parquet")
    labelled = (manifest["role"] == "labelled").sum()
    numbers = re.search(r"^\| all \| (\d+) \| (\d+) \|$", card, re.MULTILINE)
    assert numbers is not None
    assert np.array(numbers.groups(), dtype=int).sum() == labelled
    assert "random weights" in card


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("resnet18.a1_in1k", "hub", "published under apache-2.0."),
        ("tf_efficientnet_lite0.in1k", "bundled", "published under apache-2.0."),
        ("resnet18.a1_in1k", "none", "random weights"),
        ("resnet18.a1_in1k", "own/weights.safetensors", "the file weights.safetensors; its license is not known"),
        ("convnextv2_atto.fcmae_ft_in1k", "hub", "cc-by-nc-4.0, which forbids commercial use."),
    ],
)
def test_weights_are_named_with_their_license(name: str, source: str, words: str) -> None:
    assert words in describe_weights(name, source)
