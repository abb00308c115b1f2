"""Tells MLflow about one run, from a thread of its own."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Literal
from uuid import uuid4

from mlflow import MlflowClient

from apparel_eye.tracking.delivery import NAME_TAG, Delivery, in_short, replay
from apparel_eye.tracking.journal import Journal, Line

logger = logging.getLogger(__name__)

Status = Literal["FINISHED", "FAILED", "KILLED"]


class Tracker:
    """A run for MLflow. Nothing fails, and nothing but ``end`` waits, whatever MLflow does.

    Each operation writes a line to the run's journal, and a thread sends the lines in order. The journal is deleted
    when MLflow has all of them. At the first failure the thread stops sending; a later run sends the journal.

    Args:
        uri: MLflow's.
        folder: where journals stand.
    """

    def __init__(self, uri: str, folder: Path) -> None:
        self._uri = uri
        self._name = uuid4().hex  # Kedro's own id is a time: two runs may have the same
        self._journal = Journal(folder, self._name)
        self._lines: SimpleQueue[Line | None] = SimpleQueue()
        self._is_delivered = self._has_warned = False
        self._replaying = Thread(target=replay, args=(uri, folder), name="mlflow replay", daemon=True)
        self._sending = Thread(target=self._send, name="mlflow", daemon=True)

    def start(self, experiment: str, tags: Mapping[str, str]) -> None:
        """Start the run."""
        tags = {**tags, NAME_TAG: self._name}
        self._write({"do": "start", "experiment": experiment, "tags": tags, "time": _now()})
        try:
            self._sending.start()
        except RuntimeError as error:  # there are as many threads as the system allows
            self._warn(in_short(error))

    def log_params(self, params: Mapping[str, str]) -> None:
        """Log parameters by name."""
        self._write({"do": "params", "params": dict(params)})

    def log_metrics(self, metrics: Sequence[tuple[str, float, int]]) -> None:
        """Log measurements: name, value and step of each."""
        self._write({"do": "metrics", "metrics": list(metrics), "time": _now()})

    def log_artifact(self, path: Path) -> None:
        """Log a file; it is not sent if it has changed by then."""
        self._write({"do": "artifact", "path": str(path.absolute()), "modified": path.stat().st_mtime_ns})

    def end(self, status: Status, patience: float) -> None:
        """End the run, and wait for MLflow so many seconds at most."""
        deadline = time.monotonic() + patience
        self._write({"do": "end", "status": status, "time": _now()})
        self._lines.put(None)
        for thread in (self._sending, self._replaying):
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        if not self._is_delivered:
            self._warn(f"it has not answered within {patience:g} s")

    def _write(self, line: Line) -> None:
        self._journal.write(line)
        self._lines.put(line)

    def _send(self) -> None:
        try:
            delivery = Delivery(MlflowClient(self._uri))
            for line in iter(self._lines.get, None):
                delivery.send(line)
                if line["do"] == "start":  # MLflow answers
                    self._replaying.start()
            self._is_delivered = True
        except Exception as error:
            self._warn(in_short(error))
            for _ in iter(self._lines.get, None):  # the journal is in use until the run ends
                pass
        self._journal.close(delete=self._is_delivered)

    def _warn(self, reason: str) -> None:
        if self._has_warned:
            return
        self._has_warned = True
        kept = (
            "what it has to tell is kept in %s and sent by a later run" if self._journal.is_whole else "%s is not whole"
        )
        logger.warning(f"MLflow (%s) is left out of this run: %s; {kept}", self._uri, reason, self._journal.path)


def _now() -> int:
    return int(time.time() * 1000)
