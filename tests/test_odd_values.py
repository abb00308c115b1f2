"""Plain folders without questions, of values with names that are something else to a reader of tables."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from whole_flow import CANDIDATES

from apparel_eye.datasets import CsvDataset
from apparel_eye.pipeline_registry import register_pipelines
from drawn_garments import write_samples

Run = Callable[..., tuple[int, str]]
PICTURES = re.compile(r"figure|curves|examples|confusion_matrices|risk_coverage|mistakes")
ALL_BUT_PICTURES = [name for name in register_pipelines()["__default__"].all_outputs() if not PICTURES.search(name)]
NUM_PHOTOS = 10
"""Of a value: five folds of two parts each need that many."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photos of four values."""
    folder = tmp_path_factory.mktemp("drawn") / "raw"
    write_samples(folder, ["collar_design"], photos=NUM_PHOTOS, questions=0, seed=4, size=64)
    return sorted(folder.glob("base/Images/*/*.jpg"))


@pytest.mark.fault(52, 84, 119)
@pytest.mark.parametrize(
    "values", [["1", "2", "10"], ["NA", "None", "nan", "null"], ["False", "True"]], ids=lambda values: values[0]
)
def test_every_table_of_a_run_is_loaded_as_it_was_saved_and_there_is_nothing_to_submit(
    drawn: list[Path], tmp_path: Path, kedro_run: Run, monkeypatch: pytest.MonkeyPatch, values: list[str]
) -> None:
    for number, photo in enumerate(drawn[: NUM_PHOTOS * len(values)]):
        folder = tmp_path / "raw" / "heel" / values[number % len(values)]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, folder)
    saved: dict[Path, tuple[CsvDataset, pd.DataFrame]] = {}
    save: Any = CsvDataset.save
    monkeypatch.setattr(
        CsvDataset, "save", lambda to, table: (saved.update({to.path: (to, table)}), save(to, table))[1]
    )
    code, said = kedro_run(
        f"--to-outputs={','.join(ALL_BUT_PICTURES)}", raw=tmp_path / "raw", category="heel", data=tmp_path / "data"
    )
    assert code == 0, said
    assert "There is no question.csv with photos of heel" in said
    assert {path.name for path in saved} == {path.name for path in (tmp_path / "data").rglob("*.csv")}
    assert {"overview.csv", "findings.csv", "doubted_labels.csv", "history.csv", "scores.csv"} <= {
        path.name for path in saved
    }
    for dataset, table in saved.values():
        pd.testing.assert_frame_equal(dataset.load(), table, check_exact=True, obj=dataset.path.name)
    [overview] = [dataset for dataset, _ in saved.values() if dataset.path.name == "overview.csv"]
    assert overview.load()["value"].tolist() == values
    [doubted] = [dataset for dataset, _ in saved.values() if dataset.path.name == "doubted_labels.csv"]
    assert set(doubted.load()["value"]) | set(doubted.load()["instead"]) <= set(values)
    scores = json.loads((tmp_path / "data" / "08_reporting" / "heel" / "scores.json").read_text())
    assert {*CANDIDATES, "submission"} < set(scores)
    assert list((tmp_path / "data" / "07_model_output" / "heel").glob("**/*.csv")) == []
    probabilities = pd.read_parquet(tmp_path / "data" / "07_model_output" / "heel" / "probabilities.parquet")
    assert set(probabilities["role"]) == {"validation"}
