"""A folder of own photos, by the pipeline and by `apparel-eye predict`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from whole_flow import CANDIDATES, CATEGORY, VALUES, Run, same_settings

Write = Callable[..., Path]


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_every_file_of_an_own_folder_gets_a_row_and_a_known_photo_its_known_answer(
    kedro_run: Run, garments: Path, copied_results: Path, tmp_path: Path, candidate: str
) -> None:
    manifest = pd.read_parquet(copied_results / "03_primary" / CATEGORY / "manifest.parquet")
    known = manifest.loc[manifest["role"] == "to predict", "image_key"].tolist()[:3]
    own = tmp_path / "own"
    own.mkdir()
    for number, key in enumerate(known):
        shutil.copy(garments / key, own / f"{number}.jpg")
    (own / "broken.jpg").write_bytes((own / "0.jpg").read_bytes()[:500])
    (own / "notes.txt").write_text("no photo")
    settings = same_settings(garments, copied_results)
    exit_code, said = kedro_run("--pipeline=predict", **settings, photos=own, predict__candidate=candidate)
    assert exit_code == 0
    path = copied_results / "07_model_output" / CATEGORY / "predictions.csv"
    assert str(path) in said
    rows = pd.read_csv(path, keep_default_na=False, na_values={"confidence": [""]}).set_index("photo")
    assert rows.index.tolist() == ["0.jpg", "1.jpg", "2.jpg", "broken.jpg", "notes.txt"]
    bad = rows.loc[["broken.jpg", "notes.txt"]]
    assert bad["value"].tolist() == ["", ""]
    assert bad["confidence"].isna().all()
    assert (bad["problem"] != "").all()
    table = pd.read_parquet(copied_results / "07_model_output" / CATEGORY / "probabilities.parquet")
    answers = table[table["candidate"] == candidate].set_index("image_key").filter(regex=r"^p\d").loc[known].to_numpy()
    good = rows.loc[["0.jpg", "1.jpg", "2.jpg"]]
    np.testing.assert_allclose(
        good[[f"probability of {value}" for value in VALUES]].to_numpy(dtype=float), answers, atol=1e-5
    )
    assert good["value"].tolist() == [VALUES[index] for index in answers.argmax(axis=1)]
    np.testing.assert_allclose(good["confidence"], answers.max(axis=1), atol=1e-5)
    parquet = pd.read_parquet(path.with_suffix(".parquet"))
    assert parquet["photo"].tolist() == rows.index.tolist()
    np.testing.assert_allclose(parquet["confidence"], rows["confidence"], atol=1e-8)
    assert (copied_results / "08_reporting" / CATEGORY / "contact_sheet.png").stat().st_size > 0
