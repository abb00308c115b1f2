"""Subsets of the whole flow, and of photos whose folders say where they belong."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from whole_flow import CATEGORY, NUM_LABELLED, VALUES

from apparel_eye.schemas import Subsets


def test_the_subsets_of_the_flow_keep_copies_together_and_have_each_value(results: Path) -> None:
    primary = results / "03_primary" / CATEGORY
    subsets, manifest = (pd.read_parquet(primary / f"{name}.parquet") for name in ("subsets", "manifest"))
    shared = ["image_key", "label_string", "group", "sha256"]
    pd.testing.assert_frame_equal(Subsets.validate(subsets)[shared], manifest[shared])
    assert tuple(subsets["value"].cat.categories) == VALUES
    assert subsets["subset"].eq("to predict").tolist() == manifest["role"].eq("to predict").tolist()
    photos = subsets[subsets["subset"] != "to predict"]
    assert len(photos) == NUM_LABELLED
    assert photos.groupby("group")["fold"].nunique().eq(1).all()
    assert pd.crosstab(photos["value"], photos["fold"]).eq(2).all(axis=None)  # 10 photos of each in 5 folds
    assert photos["subset"].value_counts().to_dict() == {
        "train": NUM_LABELLED * 4 // 5,
        "validation": NUM_LABELLED // 5,
    }
    assert pd.crosstab(photos["value"], photos["half"])[[0, 1]].eq(1).all(axis=None)


@pytest.fixture
def given_sides(garments: Path, tmp_path: Path) -> Path:
    """The drawn collars in folders of a given split: six photos of each value train, three validate, one tests."""
    with (garments / "base" / "Annotations" / "label.csv").open(newline="") as file:
        rows = [(path, label) for path, dimension, label in csv.reader(file) if dimension == "collar_design_labels"]
    seen: Counter[int] = Counter()
    for path, label in rows:
        value = label.index("y")
        side = ("train", "validation", "test")[(seen[value] >= 6) + (seen[value] >= 9)]
        seen[value] += 1
        folder = tmp_path / "raw" / side / "collars" / f"value {value}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(garments / "base" / path, folder)
    return tmp_path / "raw"


def test_a_given_split_is_kept_to_the_end_with_rates_that_are_found(
    kedro_run: Callable[..., tuple[int, str]], given_sides: Path, tmp_path: Path
) -> None:
    rates = {f"train__stages__small__{phase}__learning_rate": "auto" for phase in ("head", "fine_tune")}
    exit_code, said = kedro_run(
        "--pipeline=report", raw=given_sides, category="collars", data=tmp_path / "data", **rates
    )
    assert exit_code == 0, said
    subsets = pd.read_parquet(tmp_path / "data" / "03_primary" / "collars" / "subsets.parquet")
    given = subsets["image_key"].str.split("/").str[0].replace("test", "to predict")
    assert given.tolist() == subsets["subset"].tolist()
    assert subsets["subset"].value_counts().to_dict() == {"train": 30, "validation": 15, "to predict": 5}
    scores = json.loads((tmp_path / "data" / "08_reporting" / "collars" / "scores.json").read_text())
    assert (scores["photos"], scores["test"]["photos"]) == (15, 5)
    assert "On the 5 photos of the given test" in said
    models = tmp_path / "data" / "06_models" / "collars"
    for phase in ("head", "fine_tune"):
        sweep = pd.read_parquet(models / f"small_{phase}_rates.parquet")
        history = pd.read_parquet(models / "small_history.parquet")
        first = history.loc[history["phase"] == phase, "learning_rate"].iloc[0]
        assert first == pytest.approx(sweep["learning_rate"][sweep["smoothed_loss"].idxmin()] / 10)
        assert pd.read_parquet(models / f"medium_{phase}_rates.parquet").empty
