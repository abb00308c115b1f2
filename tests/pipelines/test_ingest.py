"""The manifest of the whole flow."""

from pathlib import Path

import pandas as pd
from whole_flow import CATEGORY, NUM_LABELLED, NUM_QUESTIONS

from apparel_eye.schemas import Manifest


def test_the_manifest_has_all_photos_but_the_broken_one(results: Path, broken_question: str) -> None:
    folder = results / "03_primary" / CATEGORY
    manifest = Manifest.validate(pd.read_parquet(folder / "manifest.parquet"))
    assert manifest["role"].value_counts().to_dict() == {"labelled": NUM_LABELLED, "to predict": NUM_QUESTIONS - 1}
    quarantine = pd.read_csv(folder / "quarantine.csv")
    assert quarantine[["image_key", "reason"]].to_numpy().tolist() == [[f"rank/{broken_question}", "not an image"]]
