"""What is told about a run: parameters as leaves, metrics per epoch as they come, scores, figures, files."""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import mlflow
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig
from mlflow.tracking.context.registry import resolve_tags
from pydantic import BaseModel

from apparel_eye.datasets import seal
from apparel_eye.errors import StoppedError
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.tracking.delivery import CHECKSUM
from apparel_eye.tracking.tracker import Tracker

_SPOOL = "mlflow_spool"  # below the output root
_PATIENCE, _PATIENCE_WHEN_STOPPED = 10.0, 3.0  # seconds to wait for MLflow when all else is done
_NOT_MEASURED = ("epoch", "cycle")


class MlflowTracking:
    """One MLflow run a Kedro run.

    What is logged stands in the catalog: ``metadata: {mlflow: training | scores | recognizer | artifact}``; the first,
    a checkpoint, while its node runs. Of ``mlflow.yml`` the tracking URI and the experiment's name count.
    kedro-mlflow's own hook is not used: it talks to MLflow before anything runs, and waits for the answer.

    Args:
        patience: seconds to wait for MLflow when all else is done.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._tracker: Tracker
        self._kinds: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._logged_epochs: dict[str, int] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        config = KedroMlflowConfig.model_validate(context.config_loader["mlflow"])
        context.__setattr__("mlflow", config)  # for `kedro mlflow ui`
        mlflow.set_tracking_uri(config.server.mlflow_tracking_uri)
        self._experiment = config.tracking.experiment.name

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        self._kinds, self._logged_epochs = _declared(pipeline, catalog), {}
        self._paths = {name: _path_of(name, catalog) for name in self._kinds}
        root = Path(os.path.expandvars(catalog.load("params:data"))).expanduser()
        self._tracker = Tracker(mlflow.get_tracking_uri(), Path(run_params["project_path"]) / root / _SPOOL)
        self._tracker.start(self._experiment, _tags(run_params, catalog.load("params:category")))
        self._tracker.log_params(_parameters(pipeline, catalog))

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        if self._kinds.get(dataset_name) == "training":
            self._log_history(dataset_name, data)
            if data.state is None:  # finished
                self._tracker.log_artifact(self._paths[dataset_name])

    @hook_impl
    def after_pipeline_run(self, catalog: DataCatalog) -> None:
        for name, kind in self._kinds.items():
            if not catalog.exists(name):
                continue
            if kind == "training" and name not in self._logged_epochs:  # finished before; so that runs can be compared
                self._log_history(name, catalog.load(name))
            elif kind == "scores":
                self._tracker.log_metrics([(key, value, 0) for key, value in _numbers(catalog.load(name), "scores")])
            elif kind == "artifact":
                self._tracker.log_artifact(self._paths[name])
            elif kind == "recognizer":
                self._tracker.log_artifact(self._paths[name])
                self._tracker.log_params({CHECKSUM: seal.sha256_of(self._paths[name])})
        self._tracker.end("FINISHED", self._patience)

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        if isinstance(error, StoppedError):
            self._tracker.end("KILLED", min(self._patience, _PATIENCE_WHEN_STOPPED))
        else:
            self._tracker.end("FAILED", self._patience)

    def _log_history(self, name: str, checkpoint: Checkpoint) -> None:
        """New epochs only: training saves its checkpoint more often than that."""
        known = self._logged_epochs.get(name, 0)
        self._logged_epochs[name] = len(checkpoint.history)
        metrics = list(_measurements(_prefix(name), checkpoint.history[known:]))
        if metrics:
            self._tracker.log_metrics(metrics)


def _declared(pipeline: Pipeline, catalog: DataCatalog) -> dict[str, str]:
    """Which of the pipeline's results are logged, and as what."""
    metadata = {name: getattr(catalog.get(name), "metadata", None) or {} for name in sorted(pipeline.all_outputs())}
    return {name: entry["mlflow"] for name, entry in metadata.items() if "mlflow" in entry}


def _path_of(name: str, catalog: DataCatalog) -> Path:
    dataset: Any = catalog.get(name)
    path: Path = dataset.path
    return path


def _tags(run_params: Mapping[str, Any], category: str) -> dict[str, str]:
    """Kedro's options, MLflow's own (user, commit), the category, and what was typed."""
    options = {key: str(value) for key, value in run_params.items() if value}
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    name = f"{'+'.join(run_params['pipeline_names'] or ['all'])} {category}"
    return {**resolve_tags(options), "kedro_command": command, "category": category, "mlflow.runName": name}


def _parameters(pipeline: Pipeline, catalog: DataCatalog) -> dict[str, str]:
    used = sorted(name for name in pipeline.inputs() if name.startswith("params:"))
    return {
        key: str(value) for name in used for key, value in _leaves(name.removeprefix("params:"), catalog.load(name))
    }


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    tree = value.model_dump() if isinstance(value, BaseModel) else value
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from _leaves(f"{name}.{key}", branch)
    else:
        yield name, tree


def _numbers(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}/{key}")
        elif isinstance(value, Real) and not isinstance(value, bool):
            yield f"{prefix}/{key}", float(value)


def _prefix(name: str) -> str:
    """``small_head_checkpoint`` is small/head, ``small_checkpoint`` is small/fine_tune."""
    whose = name.removesuffix("_checkpoint")
    stage = whose.removesuffix("_head")
    return f"{stage}/{'fine_tune' if stage == whose else 'head'}"


def _measurements(prefix: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float, int]]:
    for row in rows:
        measured = {column: value for column, value in row.items() if column not in _NOT_MEASURED}
        for name, value in _numbers(measured, prefix):
            yield name, value, int(row["epoch"])
