import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from whole_flow import CANDIDATES

from apparel_eye.parameters import STAGES, ProjectParameters


@pytest.fixture(scope="module")
def client(flow_tracking: str) -> MlflowClient:
    return MlflowClient(flow_tracking)


@pytest.fixture(scope="module")
def run(client: MlflowClient) -> Run:
    return runs_of(client)[0]  # the newest; it heard all


def runs_of(client: MlflowClient) -> list[Run]:
    return list(client.search_runs([experiment.experiment_id for experiment in client.search_experiments()]))


def test_the_flow_is_one_run_named_by_pipeline_and_category(run: Run) -> None:
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "all skirt_length"
    assert run.data.tags["category"] == "skirt_length"


def test_every_parameter_is_a_leaf(run: Run, test_parameters: ProjectParameters) -> None:
    train = test_parameters.train
    expected = {
        "train.seed": train.seed,
        "train.stages.small.size": train.stages.small.size,
        "train.stages.large.fine_tune.learning_rate": train.stages.large.fine_tune.learning_rate,
        "train.head.hidden": train.head.hidden,
        "ingest.max_quarantine_share": 0.1,
        "category": "skirt_length",
    }
    assert {name: run.data.params[name] for name in expected} == {name: str(value) for name, value in expected.items()}
    trees = [name for name, value in run.data.params.items() if value.startswith("{") or "Parameters" in value]
    assert trees == []


@pytest.mark.parametrize("stage", ["small", "medium", "large"])
@pytest.mark.parametrize("phase", ["head", "fine_tune"])
@pytest.mark.parametrize("measure", ["validation_loss", "learning_rate", "basic_precision"])
def test_each_epoch_is_one_step_of_its_stage(
    client: MlflowClient, run: Run, results: Path, stage: str, phase: str, measure: str
) -> None:
    history = pd.read_csv(results / "08_reporting" / "skirt_length" / "history.csv")
    epochs = history[(history["stage"] == stage) & (history["phase"] == phase)]
    logged = client.get_metric_history(run.info.run_id, f"{stage}/{phase}/{measure}")
    found = sorted((metric.step, metric.value) for metric in logged)
    assert [step for step, _ in found] == epochs["epoch"].tolist()
    assert [value for _, value in found] == pytest.approx(epochs[measure].tolist())


def test_the_scores_are_metrics(run: Run, results: Path) -> None:
    scores = json.loads((results / "08_reporting" / "skirt_length" / "scores.json").read_text())
    for candidate in (*CANDIDATES, "submission"):
        for name in ("basic_precision", "average_precision", "accuracy", "log_loss"):
            assert run.data.metrics[f"scores/{candidate}/{name}"] == scores[candidate][name]


def test_models_figures_and_submission_are_artifacts(client: MlflowClient, run: Run, results: Path) -> None:
    artifacts = {file.path: file.file_size for file in client.list_artifacts(run.info.run_id)}
    expected = [
        results / layer / "skirt_length" / name
        for layer, names in {
            "06_models": [
                *(f"{stage}.safetensors" for stage in STAGES),
                "xgboost.json",
                "bags.json",
                "perceptron.safetensors",
            ],
            "07_model_output": ["submission.csv", "probabilities.parquet"],
            "08_reporting": [
                *(f"{figure}.png" for figure in ("overview", "curves", "confusion_matrices", "mistakes", "bags")),
                "scores.csv",
            ],
        }.items()
        for name in names
    ]
    assert {path.name: artifacts.get(path.name) for path in expected} == {
        path.name: path.stat().st_size for path in expected
    }


def test_runs_of_one_process_stay_apart_and_a_failed_one_says_so(
    kedro_run: Callable[..., tuple[int, str]], garments: Path, scratch_tracking: str, tmp_path: Path
) -> None:
    client = MlflowClient(scratch_tracking)
    before = {run.info.run_id for run in runs_of(client)}
    given = {"raw": garments, "data": tmp_path / "data"}
    assert kedro_run("--pipeline=ingest", category="collar_design", **given)[0] == 0
    assert kedro_run("--pipeline=ingest", category="skirt_length", ingest__photos__min_side=999, **given)[0] == 3
    assert kedro_run("--pipeline=split", category="collar_design", **given)[0] == 0
    new = [run for run in reversed(runs_of(client)) if run.info.run_id not in before]
    assert [(run.info.run_name, run.info.status) for run in new] == [
        ("ingest collar_design", "FINISHED"),
        ("ingest skirt_length", "FAILED"),
        ("split collar_design", "FINISHED"),
    ]
