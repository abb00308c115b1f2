"""MLflow in a file, MLflows that do not work, and all that one of them knows."""

import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient


@dataclass(frozen=True)
class Told:
    """What MLflow knows of a run; metrics as step, value and time."""

    name: str
    status: str
    times: tuple[int, int | None]
    params: dict[str, str]
    metrics: dict[str, list[tuple[int, float, int]]]
    artifacts: dict[str, str]
    tags: dict[str, str]


@pytest.fixture(autouse=True)
def few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``settings.py`` has it."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")


@pytest.fixture
def database(empty_tracking: Path, tmp_path: Path) -> Path:
    """A database without runs."""
    return Path(shutil.copy(empty_tracking, tmp_path / "mlflow.db"))


@pytest.fixture
def told() -> Callable[[Path], list[Told]]:
    """All runs that a database knows, the oldest first."""

    def runs(database: Path) -> list[Told]:
        client = MlflowClient(f"sqlite:///{database}")
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return [tell(client, run) for run in client.search_runs(experiments, order_by=["attributes.start_time"])]

    def tell(client: MlflowClient, run: Any) -> Told:
        run_id = run.info.run_id
        metrics = {
            name: sorted((one.step, one.value, one.timestamp) for one in client.get_metric_history(run_id, name))
            for name in run.data.metrics
        }
        paths = [file.path for file in client.list_artifacts(run_id)]
        artifacts = {path: Path(client.download_artifacts(run_id, path)).read_text() for path in paths}
        times = (run.info.start_time, run.info.end_time)
        return Told(run.info.run_name, run.info.status, times, run.data.params, metrics, artifacts, run.data.tags)

    return runs


@pytest.fixture(params=["closed port", "silent", "locked", "corrupt"])
def broken_uri(request: pytest.FixtureRequest, tmp_path: Path, empty_tracking: Path) -> Iterator[str]:
    """An MLflow that does not work, in one of four ways."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections and never answers
        port = listener.getsockname()[1]
        if request.param == "silent":
            yield f"http://127.0.0.1:{port}"
            return
    if request.param == "closed port":
        yield f"http://127.0.0.1:{port}"
        return
    path = Path(shutil.copy(empty_tracking, tmp_path / "broken.db"))
    if request.param == "corrupt":
        path.write_bytes(b"no database" * 1000)
        yield f"sqlite:///{path}"
        return
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("begin exclusive")
    yield f"sqlite:///{path}"
    holder.close()
