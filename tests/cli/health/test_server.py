import shutil
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from mlflow import MlflowClient

from apparel_eye.cli.health import server
from apparel_eye.cli.health.server import tracking


class Answers(BaseHTTPRequestHandler):
    """Says 200 at /health and /below/health only, as MLflow does."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path in ("/health", "/below/health") else 404)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as served:
        Thread(target=served.serve_forever, daemon=True).start()
        yield served.server_port
        served.shutdown()


@pytest.mark.parametrize("path", ["", "/", "/below"])
def test_a_server_that_answers_is_fine(port: int, path: str) -> None:
    [found] = tracking(f"http://me:pass@127.0.0.1:{port}{path}")
    assert found.found.endswith("answers")
    assert found.problem == ""


def test_a_server_of_something_else_is_told(port: int) -> None:
    [found] = tracking(f"http://127.0.0.1:{port}/other")
    assert "HTTP 404" in found.problem


def test_a_closed_port_and_a_silent_one_are_told_and_needed_by_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        [closed] = tracking(uri)
        silent.listen()
        monkeypatch.setattr(server, "_TIMEOUT", 0.1)
        [waited] = tracking(uri)
    assert "does not answer (" in closed.problem
    assert "does not answer (" in waited.problem
    assert not closed.is_needed
    assert not waited.is_needed


def test_runs_of_a_database_are_counted(empty_tracking: Path, tmp_path: Path) -> None:
    database = shutil.copy(empty_tracking, tmp_path / "copy.db")
    client = MlflowClient(f"sqlite:///{database}")
    client.create_run(client.search_experiments()[0].experiment_id)
    [found] = tracking(f"sqlite:///{database}")
    assert found.found == f"sqlite:///{database}, 1 runs"
    assert found.problem == ""


def test_a_database_that_is_missing_is_fine_and_another_file_is_told(tmp_path: Path) -> None:
    [missing] = tracking(f"sqlite:///{tmp_path}/none.db")
    assert missing.problem == ""
    (tmp_path / "text.db").write_text("no database, but long enough to be taken for one" * 10)
    [wrong] = tracking(f"sqlite:///{tmp_path}/text.db")
    assert "no database of MLflow (file is not a database)" in wrong.problem


def test_other_stores_are_named_only() -> None:
    [found] = tracking("databricks")
    assert found.found == "databricks, which is not asked here"
    assert found.problem == ""
