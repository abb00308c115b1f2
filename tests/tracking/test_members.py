"""Members of an ensemble, from folders and from MLflow, and the command that averages them."""

from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from kedro.io import DatasetError
from mlflow import MlflowClient

from apparel_eye.datasets import notes
from apparel_eye.tracking.members import MembersDataset

CATEGORY = "skirt_length"
Average = Callable[..., tuple[int, str]]


def members(text: str) -> MembersDataset:
    return MembersDataset(text, CATEGORY)


@pytest.fixture
def run_id(results: Path, flow_tracking: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the run that made the results."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", flow_tracking)
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", flow_tracking)
    [run] = MlflowClient(flow_tracking).search_runs(["1"], f"tags.category = '{CATEGORY}'")
    found: str = run.info.run_id
    return found


def test_what_mlflow_keeps_is_what_stands_in_the_folder(results: Path, run_id: str) -> None:
    in_folder, in_mlflow = members(f"'{results}' {run_id}").load()
    assert (in_folder.name, in_mlflow.name) == (str(results), run_id)
    assert in_folder.about == in_mlflow.about
    for table in ("manifest", "folds", "questions", "probabilities"):
        pd.testing.assert_frame_equal(getattr(in_folder, table), getattr(in_mlflow, table))


def test_the_fingerprint_changes_with_a_file(copied_results: Path) -> None:
    before = members(str(copied_results)).fingerprint()
    assert before == members(str(copied_results)).fingerprint()
    notes.place_of(copied_results / "03_primary" / CATEGORY / "folds.parquet", notes.SEAL).unlink()
    assert before != members(str(copied_results)).fingerprint()


@pytest.mark.parametrize(
    ("text", "words"),
    [("nowhere", "no folder, and 'nowhere' no id of an MLflow run"), ("0" * 32, "has no recognizer.json of run 000")],
    ids=["folder", "run"],
)
@pytest.mark.usefixtures("run_id")
def test_what_is_not_there_is_named(text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        members(text).load()


def test_a_folder_without_a_whole_flow_is_named(copied_results: Path) -> None:
    (copied_results / "07_model_output" / CATEGORY / "probabilities.parquet").unlink()
    with pytest.raises(
        DatasetError, match=r"probabilities.parquet does not exist; run the whole flow for skirt_length"
    ):
        members(str(copied_results)).load()


def test_a_damaged_file_is_refused(copied_results: Path) -> None:
    path = copied_results / "06_models" / CATEGORY / "recognizer.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(DatasetError, match=r"recognizer.json is damaged"):
        members(str(copied_results)).load()


def test_an_open_quote_is_refused() -> None:
    with pytest.raises(DatasetError, match="No closing quotation; quote folders"):
        members("'a b").load()
