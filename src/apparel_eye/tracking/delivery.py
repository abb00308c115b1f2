"""The lines of journals, told to MLflow; a line that is told twice changes nothing."""

import logging
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

from mlflow import MlflowClient, MlflowException
from mlflow.entities import LifecycleStage, Metric, Param

from apparel_eye.chunks import slices
from apparel_eye.tracking.journal import Line, abandoned, remove

logger = logging.getLogger(__name__)

NAME_TAG = "run_id"  # by which a run is found again
CHECKSUM = "recognizer_sha256"
"""Parameter of runs, by which those are found that made a recognizer."""

_REFUSED = "INVALID_PARAMETER_VALUE"  # not all bad requests: MLflow calls a damaged database one as well
_MESSAGE_LENGTH = 200
_PARAMS_PER_CALL, _METRICS_PER_CALL = 100, 1000  # more than that MLflow refuses


class Delivery:
    """One run's lines. MLflow itself drops a metric whose name, step, time and value it has.

    Args:
        client: where to.
    """

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._run_id = ""

    def send(self, line: Line) -> None:
        """Tell MLflow one line; the first starts the run, or finds it if it was started before."""
        if line["do"] == "start":
            self._run_id = self._start(line)
            return
        try:
            self._log(line)
        except MlflowException as error:
            if error.error_code != _REFUSED:
                raise
            logger.warning("MLflow refuses %s of a run: %s", line["do"], in_short(error))  # and would, each time

    def _start(self, line: Line) -> str:
        experiment_id = self._experiment_id(line["experiment"])
        found = self._client.search_runs([experiment_id], f"tags.{NAME_TAG} = '{line['tags'][NAME_TAG]}'")
        run = found[0] if found else self._client.create_run(experiment_id, line["time"], line["tags"])
        return str(run.info.run_id)

    def _experiment_id(self, name: str) -> str:
        experiment = self._client.get_experiment_by_name(name)
        if experiment is None:
            return str(self._client.create_experiment(name))
        if experiment.lifecycle_stage == LifecycleStage.DELETED:
            self._client.restore_experiment(experiment.experiment_id)
        return str(experiment.experiment_id)

    def _log(self, line: Line) -> None:
        match line:
            case {"do": "params", "params": params}:
                for some in slices(list(params.items()), _PARAMS_PER_CALL):
                    self._client.log_batch(self._run_id, params=[Param(*param) for param in some])
            case {"do": "metrics", "metrics": metrics, "time": time}:
                for some in slices(metrics, _METRICS_PER_CALL):
                    self._client.log_batch(
                        self._run_id, metrics=[Metric(name, value, time, step) for name, value, step in some]
                    )
            case {"do": "artifact", "path": path, "modified": modified}:
                if Path(path).exists() and Path(path).stat().st_mtime_ns == modified:
                    self._client.log_artifact(self._run_id, path)
                else:
                    logger.warning("%s has changed since its run and is not sent to MLflow", path)
            case {"do": "end", "status": status, "time": time}:
                self._client.set_terminated(self._run_id, status, time)


def replay(uri: str, folder: Path) -> None:
    """Tell MLflow what earlier runs could not, and which of them were killed."""
    for path, lines in abandoned(folder):
        try:
            _replay(uri, path, lines)
        except Exception as error:  # whatever it is, it must not keep MLflow from hearing of others
            logger.warning("MLflow cannot be told of an earlier run, %s: %s", path, in_short(error))


def _replay(uri: str, path: Path, lines: Sequence[Line]) -> None:
    if not lines:  # of a run that is just about to start
        return
    delivery = Delivery(MlflowClient(uri))
    for line in lines:
        delivery.send(line)
    if lines[-1]["do"] != "end":
        delivery.send({"do": "end", "status": "KILLED", "time": path.stat().st_mtime_ns // 1_000_000})
    remove(path)
    logger.info("MLflow has been told of an earlier run: %s", lines[0]["tags"].get("mlflow.runName"))


def in_short(error: Exception) -> str:
    """What went wrong; MLflow adds the whole SQL statement, or the failures of all attempts."""
    return shorten(str(error), _MESSAGE_LENGTH)
