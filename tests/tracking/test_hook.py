import logging
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from kedro.framework.context import KedroContext
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import AbstractDataset, DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from mlflow import MlflowClient
from pydantic import BaseModel
from waiting import HOUR, wait_until

from apparel_eye.datasets import seal
from apparel_eye.errors import StoppedError
from apparel_eye.execution.config_loader import config_loader
from apparel_eye.networks.checkpoint import Checkpoint, State
from apparel_eye.tracking import MlflowTracking

pytestmark = pytest.mark.filterwarnings("ignore:One or more dataset names contain", "ignore:Credentials not found")

PROJECT = Path(__file__).parents[2]
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
        count = int(self.path.read_text()) + 1 if self.path.exists() else 1
        seal.write(self.path, lambda path: path.write_text(str(count)) and None)

    def load(self) -> Any:
        return self.value

    def _exists(self) -> bool:
        return self.path.exists()

    def _describe(self) -> dict[str, Any]:
        return {}


class Training:
    """A pipeline of two nodes that yield checkpoints, and one that makes scores and a table."""

    def __init__(self, folder: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        self.hook = MlflowTracking(patience=HOUR)
        self.uri = f"sqlite:///{database}"
        self.idle_saves = 3
        self.error: Exception | None = None
        self.meanwhile: Callable[[], object] = list  # after the head's first epoch
        self.seed: object = 1
        self.scores: dict[str, Any] = {"photos": 3, "plain": {"accuracy": 0.5, "candidate": "plain"}}
        kinds = {
            "small_head_checkpoint": "training",
            "small_checkpoint": "training",
            "scores": "scores",
            "table": "artifact",
        }
        self.files = {name: Kept(folder / f"{name}.txt", kind) for name, kind in kinds.items()}
        self.conf = folder / "conf"
        (self.conf / "test").mkdir(parents=True)
        (self.conf / "base").mkdir()
        shutil.copy(PROJECT / "conf" / "base" / "mlflow.yml", self.conf / "base")

    def configure(self, old: str, new: str) -> None:
        """Change `mlflow.yml`."""
        file = self.conf / "base" / "mlflow.yml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def repeat(self) -> None:
        """Run with everything finished."""
        self.run("none")

    def run(self, *nodes: str) -> None:
        pipeline = Pipeline(
            [
                Node(self._train_head, "params:train", "small_head_checkpoint", name="head"),
                Node(self._fine_tune, "small_head_checkpoint", "small_checkpoint", name="all"),
                Node(self._score, "small_checkpoint", ["scores", "table"], name="score"),
            ]
        )
        given = {
            "category": "skirts",
            "data": str(self.folder),
            "train": {"rates": Rates(), "none": {}, "seed": self.seed},
        }
        parameters = {f"params:{name}": MemoryDataset(value) for name, value in given.items()}
        catalog = DataCatalog({**self.files, **parameters})
        options = dict.fromkeys(OPTIONS)
        run_params = {**options, "pipeline_names": ["train"], "project_path": str(self.folder), "run_id": "the time"}
        manager = _create_hook_manager()
        manager.register(self.hook)
        self.open_context(manager)
        manager.hook.before_pipeline_run(run_params=run_params, pipeline=pipeline, catalog=catalog)
        executed = [node for node in pipeline.nodes if not nodes or node.name in nodes]
        try:
            SequentialRunner().run(Pipeline(executed), catalog, manager)
        except Exception as error:
            manager.hook.on_pipeline_error(error=error, run_params=run_params, pipeline=pipeline, catalog=catalog)
        else:
            manager.hook.after_pipeline_run(run_params=run_params, run_result={}, pipeline=pipeline, catalog=catalog)

    def open_context(self, manager: Any) -> KedroContext:
        """As each Kedro command does that knows the project."""
        self._monkeypatch.setenv("MLFLOW_TRACKING_URI", self.uri)
        context = KedroContext(
            project_path=self.folder,
            config_loader=config_loader("test", str(self.conf)),
            env="test",
            package_name="apparel_eye",
            hook_manager=manager,
        )
        manager.hook.after_context_created(context=context)
        return context

    def _train_head(self, train: Any) -> Iterator[Checkpoint]:
        running = replace(FINISHED, state=State({}, {}))
        for epochs in range(len(HEAD_ROWS) + 1):
            for _ in range(self.idle_saves):
                yield replace(running, history=HEAD_ROWS[:epochs])
            if epochs == 1:
                self.meanwhile()
        if self.error:
            raise self.error
        yield replace(FINISHED, history=HEAD_ROWS)

    def _fine_tune(self, head: Checkpoint) -> Iterator[Checkpoint]:
        yield replace(FINISHED, history=ALL_ROWS)

    def _score(self, checkpoint: Checkpoint) -> tuple[dict[str, Any], str]:
        return self.scores, "a table"


@pytest.fixture
def training(tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Training]:
    """Training that leaves MLflow's address as it was."""
    before = mlflow.get_tracking_uri()
    yield Training(tmp_path, database, monkeypatch)
    mlflow.set_tracking_uri(before)


def steps_of(run: Any) -> dict[str, list[tuple[int, float]]]:
    return {name: [(step, value) for step, value, _ in metric] for name, metric in run.metrics.items()}


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


HEAD = {"small/head/train_loss": [(1, 1.0), (2, 0.5)]}
ALL = {"small/fine_tune/train_loss": [(1, 0.25)]}
SCORES = {"scores/photos": [(0, 3.0)], "scores/plain/accuracy": [(0, 0.5)]}
PARAMS = {"train.rates.rate": "0.5", "train.rates.steps": "(1, 2)", "train.seed": "1"}
FILES = {"small_head_checkpoint.txt", "small_checkpoint.txt", "table.txt"}


def test_parameters_epochs_scores_and_files_of_a_run(
    training: Training, database: Path, told: Callable[[Path], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    before = {*training.folder.iterdir()}
    training.run()
    [run] = told(database)
    assert (run.name, run.status, run.tags["category"]) == ("train skirts", "FINISHED", "skirts")
    assert run.params == PARAMS
    assert steps_of(run) == {**HEAD, **ALL, **SCORES}
    saves = str(training.idle_saves * 3 + 1)
    assert run.artifacts == {"small_head_checkpoint.txt": saves, "small_checkpoint.txt": "1", "table.txt": "1"}
    made = {path.name for path in {*training.folder.iterdir()} - before}
    assert made == {*FILES, "scores.txt", ".seals"}
    assert warnings_of(caplog) == []


def test_what_was_finished_before_is_told_too_and_checkpoints_are_not_sent_twice(
    training: Training, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    training.run("head")
    training.run("all", "score")
    training.repeat()
    first, second, third = told(database)
    assert steps_of(first) == HEAD
    assert steps_of(second) == steps_of(third) == {**HEAD, **ALL, **SCORES}
    assert first.params == second.params == third.params == PARAMS
    assert [set(run.artifacts) for run in (first, second, third)] == [
        {"small_head_checkpoint.txt"},
        {"small_checkpoint.txt", "table.txt"},
        {"table.txt"},
    ]


def test_checkpoints_of_a_run_that_was_deleted_are_sent_again(
    training: Training, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    training.run()
    client = MlflowClient()
    [first] = client.search_runs([client.get_experiment_by_name("apparel-eye").experiment_id])
    client.delete_run(first.info.run_id)
    training.repeat()
    [run] = told(database)
    assert set(run.artifacts) == FILES


def test_epochs_are_told_while_the_run_goes_on_and_once(
    training: Training, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    seen: list[Any] = []

    def look() -> None:
        wait_until(lambda: any(run.metrics for run in told(database)))
        seen.extend(told(database))

    training.idle_saves, training.meanwhile = 100, look
    training.run()
    [during], [after] = seen, told(database)
    assert (during.status, steps_of(during)) == ("RUNNING", {"small/head/train_loss": [(1, 1.0)]})
    assert after.metrics["small/head/train_loss"][:1] == during.metrics["small/head/train_loss"]
    assert steps_of(after) == {**HEAD, **ALL, **SCORES}


@pytest.mark.parametrize(
    ("error", "status"), [(StoppedError("asked to stop", 15), "KILLED"), (ValueError("out of range"), "FAILED")]
)
def test_the_status_says_why_a_run_ended(
    training: Training,
    database: Path,
    told: Callable[[Path], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: str,
) -> None:
    monkeypatch.setattr("apparel_eye.tracking.hook._PATIENCE_WHEN_STOPPED", HOUR)
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
    assert steps_of(first) == steps_of(second) == {**HEAD, **ALL, **SCORES}
    assert (first.status, second.status) == ("FINISHED", "FINISHED")


@pytest.mark.fault(102, 103)
def test_training_goes_on_without_mlflow_and_the_same_again_tells_all(
    training: Training,
    database: Path,
    broken_uri: str,
    told: Callable[[Path], list[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, training.uri = training.uri, broken_uri
    training.run()
    assert training.files["table"].path.exists()
    [warning] = warnings_of(caplog)
    assert warning.startswith(f"MLflow ({broken_uri}) is left out of this run: ")
    assert warning.endswith("; once it answers, the same command tells it all in seconds")
    training.uri = good
    training.repeat()
    [run] = told(database)
    assert (run.status, run.params) == ("FINISHED", PARAMS)
    assert steps_of(run) == {**HEAD, **ALL, **SCORES}
    assert set(run.artifacts) == FILES


@pytest.mark.fault(102)
@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "falls silent"])
def test_a_server_that_fails_in_mid_run_stops_nothing_and_hears_all_once_it_is_back(
    training: Training,
    database: Path,
    server: Any,
    told: Callable[[Path], list[Any]],
    caplog: pytest.LogCaptureFixture,
    fault: signal.Signals,
) -> None:
    def fail() -> None:
        wait_until(lambda: any(run.metrics for run in told(database)))
        server.send(fault)

    training.uri, training.meanwhile = server.uri, fail
    training.run()
    assert training.files["table"].path.exists()
    [warning] = warnings_of(caplog)
    assert warning.startswith(f"MLflow ({server.uri}) is left out of this run: ")
    server.send(signal.SIGKILL)
    server.start()
    training.repeat()
    half, whole = told(database)
    assert (half.status, steps_of(half)) == ("RUNNING", {"small/head/train_loss": [(1, 1.0)]})
    assert (whole.status, whole.params) == ("FINISHED", PARAMS)
    assert steps_of(whole) == {**HEAD, **ALL, **SCORES}
    assert set(whole.artifacts) == FILES
    assert len(warnings_of(caplog)) == 1


@pytest.mark.fault(102)
def test_a_password_is_not_told(training: Training, caplog: pytest.LogCaptureFixture) -> None:
    training.uri = "http://me:hidden@127.0.0.1:9"
    training.run()
    [warning] = warnings_of(caplog)
    assert "http://***@127.0.0.1:9" in warning
    assert "hidden" not in warning


def test_opening_a_project_does_not_talk_to_mlflow(training: Training) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        training.uri = f"http://127.0.0.1:{listener.getsockname()[1]}"
        manager = _create_hook_manager()
        manager.register(training.hook)
        context: Any = training.open_context(manager)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert context.mlflow.server.mlflow_tracking_uri == training.uri  # which `kedro mlflow ui` asks for


def test_what_mlflow_refuses_does_not_keep_it_from_the_rest(
    training: Training, database: Path, told: Callable[[Path], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    training.scores = {"photos": 3, "no name: \t?": {"accuracy": 0.5}}
    training.run()
    [run] = told(database)
    assert run.status == "FINISHED"
    assert steps_of(run) == {**HEAD, **ALL}
    assert set(run.artifacts) == FILES
    [warning] = warnings_of(caplog)
    assert warning.startswith("MLflow refuses a part of what it is told: ")


def test_mlflow_yml_names_the_run_leaves_trees_whole_and_pipelines_out(
    training: Training, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    training.configure("pipelines: []", "pipelines: [train]")
    training.run()
    training.configure("pipelines: [train]", "pipelines: [split]")
    training.configure("name: null", "name: mine")
    training.configure("flatten: true", "flatten: false")
    training.repeat()
    [run] = told(database)
    assert run.name == "mine"
    assert set(run.params) == {"train"}


@pytest.mark.parametrize("strategy", ["truncate", "tag"])
def test_long_values_are_told_as_mlflow_yml_says(
    training: Training, database: Path, told: Callable[[Path], list[Any]], strategy: str
) -> None:
    training.configure("long_params_strategy: truncate", f"long_params_strategy: {strategy}")
    training.seed = "x" * 7_000
    training.run()
    [run] = told(database)
    is_tag = strategy == "tag"
    assert run.params.get("train.seed") == (None if is_tag else "x" * 6_000)
    assert run.tags.get("train.seed") == ("x" * 7_000 if is_tag else None)


def test_many_epochs_are_told_at_once(training: Training, database: Path, told: Callable[[Path], list[Any]]) -> None:
    rows = [{"epoch": epoch, "train_loss": 0.5} for epoch in range(2_500)]
    training.files["small_checkpoint"].save(replace(FINISHED, history=rows))
    training.run("head", "score")
    [run] = told(database)
    assert [step for step, _, _ in run.metrics["small/fine_tune/train_loss"]] == list(range(2_500))
