"""The network's answers in the whole flow."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from whole_flow import CATEGORY

from apparel_eye.schemas import Probabilities


@pytest.mark.parametrize("candidate", ["plain", "tta"])
def test_the_network_answers_each_photo_with_a_distribution(results: Path, candidate: str) -> None:
    """A row for each photo that validates or is to be predicted, in the manifest's order."""
    manifest = pd.read_parquet(results / "03_primary" / CATEGORY / "manifest.parquet")
    subset = pd.read_parquet(results / "03_primary" / CATEGORY / "subsets.parquet").set_index("image_key")["subset"]
    table = pd.read_parquet(results / "07_model_output" / CATEGORY / "network_probabilities.parquet")
    answers = Probabilities.validate(table)[table["candidate"] == candidate]
    np.testing.assert_allclose(answers.filter(regex=r"^p\d+$").sum(axis=1), 1, rtol=1e-9)
    for role, wanted in (
        ("validation", manifest["image_key"].map(subset).eq("validation")),
        ("to predict", manifest["role"].eq("to predict")),
    ):
        assert answers.loc[answers["role"] == role, "image_key"].tolist() == manifest.loc[wanted, "image_key"].tolist()


def test_views_change_what_the_network_says(results: Path) -> None:
    table = pd.read_parquet(results / "07_model_output" / CATEGORY / "network_probabilities.parquet")
    plain, tta = (table[table["candidate"] == name].filter(regex=r"^p\d+$").to_numpy() for name in ("plain", "tta"))
    assert np.abs(plain - tta).max() > 1e-3
