from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import AbstractDataset, DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from mlflow import MlflowClient
from pydantic import BaseModel
from waiting import HOUR

from apparel_eye.errors import StoppedError
from apparel_eye.networks.checkpoint import Checkpoint, State
from apparel_eye.tracking import MlflowTracking

pytestmark = pytest.mark.filterwarnings("ignore:One or more dataset names contain")

WEIGHTS = {"weight": np.zeros(2)}
FINISHED = Checkpoint({2: WEIGHTS}, {"best": 2})
HEAD_ROWS = [
    {"epoch": epoch, "cycle": 1, "train_loss": np.float32(1 / epoch), "best": "", "is_best": True, "accuracy": None}
    for epoch in (1, 2)
]
ALL_ROWS = [{"epoch": 1, "cycle": 1, "train_loss": 0.25}]
OPTIONS = ("tags", "node_names", "from_nodes", "to_nodes", "from_inputs", "load_versions", "runtime_params")


class Rates(BaseModel):
    """Parameters within parameters."""

    rate: float = 0.5
    steps: tuple[int, int] = (1, 2)


class Kept(AbstractDataset[Any, Any]):
    """A value that stands in memory, and a file that counts how often it was saved."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.metadata = {"mlflow": kind}
        self.value: Any = None

    def save(self, data: Any) -> None:
        self.value = data
        self.path.write_text(f"{int(self.path.read_text() or 0) + 1 if self.path.exists() else 1}")

    def load(self) -> Any:
        return self.value

    def _exists(self) -> bool:
        return self.path.exists()

    def _describe(self) -> dict[str, Any]:
        return {}


class Training:
    """A pipeline of two nodes that yield checkpoints, and one that makes scores and a table."""

    def __init__(self, folder: Path, database: Path, patience: float = HOUR) -> None:
        self.folder = folder
        self.hook = MlflowTracking(patience)
        self.uri = f"sqlite:///{database}"
        self.idle_saves = 3
        self.error: Exception | None = None
        kinds = {
            "small_head_checkpoint": "training",
            "small_checkpoint": "training",
            "scores": "scores",
            "table": "artifact",
        }
        self.files = {name: Kept(folder / f"{name}.txt", kind) for name, kind in kinds.items()}

    def run(self, *nodes: str) -> None:
        pipeline = Pipeline(
            [
                Node(self._train_head, "params:train", "small_head_checkpoint", name="head"),
                Node(self._fine_tune, "small_head_checkpoint", "small_checkpoint", name="all"),
                Node(self._score, "small_checkpoint", ["scores", "table"], name="score"),
            ]
        )
        given = {"category": "skirts", "data": str(self.folder), "train": {"rates": Rates(), "seed": 1}}
        parameters = {f"params:{name}": MemoryDataset(value) for name, value in given.items()}
        catalog = DataCatalog({**self.files, **parameters})
        options = dict.fromkeys(OPTIONS)
        run_params = {**options, "pipeline_names": ["train"], "project_path": str(self.folder), "run_id": "the time"}
        manager = _create_hook_manager()
        manager.register(self.hook)
        settings = {"server": {"mlflow_tracking_uri": self.uri}, "tracking": {"experiment": {"name": "apparel-eye"}}}
        manager.hook.after_context_created(context=SimpleNamespace(config_loader={"mlflow": settings}))
        manager.hook.before_pipeline_run(run_params=run_params, pipeline=pipeline, catalog=catalog)
        try:
            SequentialRunner().run(pipeline.only_nodes(*nodes) if nodes else pipeline, catalog, manager)
        except Exception as error:
            manager.hook.on_pipeline_error(error=error, run_params=run_params, pipeline=pipeline, catalog=catalog)
        else:
            manager.hook.after_pipeline_run(run_params=run_params, run_result={}, pipeline=pipeline, catalog=catalog)

    def _train_head(self, train: Any) -> Iterator[Checkpoint]:
        running = replace(FINISHED, state=State({}, {}))
        for epochs in range(len(HEAD_ROWS) + 1):
            for _ in range(self.idle_saves):
                yield replace(running, history=HEAD_ROWS[:epochs])
        if self.error:
            raise self.error
        yield replace(FINISHED, history=HEAD_ROWS)

    def _fine_tune(self, head: Checkpoint) -> Iterator[Checkpoint]:
        yield replace(FINISHED, history=ALL_ROWS)

    def _score(self, checkpoint: Checkpoint) -> tuple[dict[str, Any], str]:
        return {"photos": 3, "plain": {"accuracy": 0.5, "candidate": "plain"}}, "a table"


@pytest.fixture
def training(tmp_path: Path, database: Path) -> Iterator[Training]:
    """Training that leaves MLflow's address as it was."""
    before = mlflow.get_tracking_uri()
    yield Training(tmp_path, database)
    mlflow.set_tracking_uri(before)


def steps_of(run: Any) -> dict[str, list[tuple[int, float]]]:
    return {name: [(step, value) for step, value, _ in metric] for name, metric in run.metrics.items()}


HEAD = {"small/head/train_loss": [(1, 1.0), (2, 0.5)]}
ALL = {"small/fine_tune/train_loss": [(1, 0.25)]}
SCORES = {"scores/photos": [(0, 3.0)], "scores/plain/accuracy": [(0, 0.5)]}


def test_parameters_epochs_scores_and_files_of_a_run(
    training: Training, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    training.run()
    [run] = told(database)
    assert (run.name, run.status, run.tags["category"]) == ("train skirts", "FINISHED", "skirts")
    assert run.params == {"train.rates.rate": "0.5", "train.rates.steps": "(1, 2)", "train.seed": "1"}
    assert steps_of(run) == {**HEAD, **ALL, **SCORES}
    saves = str(training.idle_saves * 3 + 1)
    assert run.artifacts == {"small_head_checkpoint.txt": saves, "small_checkpoint.txt": "1", "table.txt": "1"}
    assert not (training.folder / "mlflow_spool").exists()


def test_epochs_that_were_finished_before_are_told_of_the_run_too(
    training: Training, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    training.run("head")
    training.run("all", "score")
    first, second = told(database)
    assert steps_of(first) == HEAD
    assert steps_of(second) == {**HEAD, **ALL, **SCORES}
    assert "small_head_checkpoint.txt" not in second.artifacts


def test_saves_without_a_new_epoch_send_nothing(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[Any] = []
    monkeypatch.setattr(MlflowClient, "log_batch", lambda client, run_id, **what: batches.append(what))
    training.idle_saves = 1000
    training.run("head")
    assert [sorted(batch) for batch in batches] == [["params"], ["metrics"], ["metrics"]]


@pytest.mark.parametrize(
    ("error", "status"), [(StoppedError("asked to stop", 15), "KILLED"), (ValueError("out of range"), "FAILED")]
)
def test_the_status_says_why_a_run_ended(
    training: Training, database: Path, told: Callable[[Path], list[Any]], error: Exception, status: str
) -> None:
    training.error = error
    training.run()
    [run] = told(database)
    assert run.status == status
    assert steps_of(run) == HEAD
    assert run.artifacts == {}


@pytest.mark.fault(101)
@pytest.mark.parametrize("jump", [0, -86_400], ids=["stands", "jumps back"])
def test_runs_of_one_moment_stay_apart(
    training: Training, database: Path, told: Callable[[Path], list[Any]], monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    for number in range(2):
        monkeypatch.setattr("time.time", lambda now=1_790_000_000.0 + number * jump: now)
        training.run()
    monkeypatch.undo()
    first, second = told(database)
    assert first.tags["run_id"] != second.tags["run_id"]
    assert steps_of(first) == steps_of(second) == {**HEAD, **ALL, **SCORES}
    assert (first.status, second.status) == ("FINISHED", "FINISHED")


@pytest.mark.fault(102, 103)
def test_training_goes_on_without_mlflow_and_a_later_run_tells_of_it(
    training: Training, database: Path, broken_uri: str, told: Callable[[Path], list[Any]]
) -> None:
    good, training.uri = training.uri, broken_uri
    training.hook = MlflowTracking(patience=0.5)
    training.run()
    assert training.files["table"].path.exists()
    [journal] = (training.folder / "mlflow_spool").iterdir()
    training.hook._tracker._journal.close(delete=False)  # as if its process were over
    training.uri, training.hook = good, MlflowTracking(patience=HOUR)
    training.run("all")
    first, second = told(database)
    assert steps_of(first) == {**HEAD, **ALL, **SCORES}
    assert (first.status, second.status) == ("FINISHED", "FINISHED")
    assert {"small_head_checkpoint.txt", "table.txt"} <= set(first.artifacts)  # the later run replaces the third
    assert not journal.exists()
