"""MLflow in a file, MLflows that do not work, and all that one of them knows."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from mlflow import MlflowClient
from waiting import wait_until


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


class Server:
    """`mlflow server` with a database, which a test can silence, kill and start again.

    Args:
        database: without runs, or with those of an earlier start.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = str(free.getsockname()[1])
        self.uri = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [Path(sys.executable).with_name("mlflow"), "server", "--port", self._port, "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self._database}"]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self._database.parent / "server.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        wait_until(self._answers, self._process)

    def send(self, number: signal.Signals) -> None:
        """Stop it (then it takes connections and does not answer), have it go on, or kill it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        if number == signal.SIGKILL:
            self._process.wait()

    def _answers(self) -> bool:
        with suppress(OSError), urlopen(f"{self.uri}/health") as answer:
            return bool(answer.status == 200)
        return False


@pytest.fixture
def server(database: Path) -> Iterator[Server]:
    """A tracking server."""
    server = Server(database)
    yield server
    server.send(signal.SIGKILL)
