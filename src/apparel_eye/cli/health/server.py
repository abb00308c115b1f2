"""Whether the tracking server answers, asked without MLflow, which would wait long for it."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from apparel_eye.cli.health.finding import Finding

_TIMEOUT = 4.0  # seconds
_SQLITE = "sqlite:///"
_REMEDY = "start it, or name another with the environment variable MLFLOW_TRACKING_URI"


def tracking(uri: str) -> Iterator[Finding]:
    """What is found at a tracking URI."""
    if uri.startswith(_SQLITE):
        yield _database(uri, Path(uri.removeprefix(_SQLITE)))
    elif uri.startswith(("http://", "https://")):
        yield _server(uri)
    else:
        yield Finding("tracking", f"{uri}, which is not asked here")


def _database(uri: str, path: Path) -> Finding:
    if not path.exists():
        return Finding("tracking", f"{uri}, which the first run makes")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_TIMEOUT)
        try:
            [count] = connection.execute("SELECT COUNT(*) FROM runs").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Finding("tracking", uri, f"no database of MLflow ({error}); move {path} away, or {_REMEDY}", False)
    return Finding("tracking", f"{uri}, {count:,} runs")


def _server(uri: str) -> Finding:
    answer: Future[int] = Future()
    Thread(target=_ask, args=(uri, answer), daemon=True).start()  # a silent name server has no timeout of its own
    try:
        status = answer.result(timeout=_TIMEOUT)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        why = str(getattr(error, "reason", error)) or f"silent for {_TIMEOUT:.0f} s"
        return Finding("tracking", uri, f"does not answer ({why}); {_REMEDY}", False)
    problem = "" if status == 200 else f"answers with HTTP {status} where MLflow says 200; {_REMEDY}"
    return Finding("tracking", f"{uri}, answers", problem, False)


def _ask(uri: str, answer: Future[int]) -> None:
    parts = urlsplit(uri)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=f"{parts.path.rstrip('/')}/health")
    try:
        with urlopen(address.geturl(), timeout=_TIMEOUT) as response:
            answer.set_result(response.status)
    except HTTPError as error:
        answer.set_result(error.code)
    except Exception as error:
        answer.set_exception(error)
