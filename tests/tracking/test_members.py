"""Members of an ensemble, from folders and from MLflow, and the command that averages them."""

from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from kedro.io import DatasetError
from mlflow import MlflowClient

from apparel_eye.datasets import AtomicDataset, notes
from apparel_eye.tracking.members import MembersDataset

CATEGORY = "skirt_length"
Average = Callable[..., tuple[int, str]]


def members(text: str) -> MembersDataset:
    return MembersDataset(text, CATEGORY)


def track_at(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", uri)


@pytest.fixture
def run_id(results: Path, flow_tracking: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the run that made the results."""
    track_at(flow_tracking, monkeypatch)
    finished = f"tags.category = '{CATEGORY}' and attributes.status = 'FINISHED'"
    [run] = MlflowClient(flow_tracking).search_runs(["1"], finished)
    found: str = run.info.run_id
    return found


def test_what_mlflow_keeps_is_what_stands_in_the_folder(results: Path, run_id: str) -> None:
    in_folder, in_mlflow = members(f"'{results}' {run_id}").load()
    assert (in_folder.name, in_mlflow.name) == (str(results), run_id)
    assert in_folder.about == in_mlflow.about
    pd.testing.assert_frame_equal(in_folder.subsets.table, in_mlflow.subsets.table)
    for table in ("questions", "probabilities"):
        pd.testing.assert_frame_equal(getattr(in_folder, table), getattr(in_mlflow, table))


@pytest.fixture
def of_earlier_version(copied_results: Path) -> Path:
    """The same results as earlier versions wrote them: folds of the labelled photos instead of subsets."""
    primary = copied_results / "03_primary" / CATEGORY
    subsets = pd.read_parquet(primary / "subsets.parquet")
    folds = subsets.loc[subsets["subset"] != "to predict", ["image_key", "fold", "subset", "half"]]
    AtomicDataset(str(primary / "folds.parquet"), {"type": "pandas.ParquetDataset"}).save(folds)
    (primary / "subsets.parquet").unlink()
    notes.place_of(primary / "subsets.parquet", notes.SEAL).unlink()
    return copied_results


def test_members_of_an_earlier_version_are_the_same(
    results: Path, of_earlier_version: Path, scratch_tracking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    track_at(scratch_tracking, monkeypatch)
    client = MlflowClient()
    run_id = client.create_run("1").info.run_id
    tables = ("manifest", "folds", "questions", "probabilities")
    for path in of_earlier_version.rglob("*"):
        if path.name in {"recognizer.json", *(f"{table}.parquet" for table in tables)}:
            client.log_artifact(run_id, str(path))
    now, *earlier = members(f"'{results}' '{of_earlier_version}' {run_id}").load()
    assert len(earlier) == 2
    for member in earlier:
        pd.testing.assert_frame_equal(member.subsets.table, now.subsets.table)
        pd.testing.assert_frame_equal(member.probabilities, now.probabilities)


def test_the_fingerprint_changes_with_a_file(copied_results: Path) -> None:
    before = members(str(copied_results)).fingerprint()
    assert before == members(str(copied_results)).fingerprint()
    notes.place_of(copied_results / "03_primary" / CATEGORY / "subsets.parquet", notes.SEAL).unlink()
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
