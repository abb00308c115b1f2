"""What MLflow is told about a run: parameters as leaves, metrics per epoch as they come, scores, figures, files."""

import logging
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import mlflow
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook
from kedro_mlflow.framework.hooks.utils import _flatten_dict
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Metric
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH
from pydantic import BaseModel

from apparel_eye.datasets import seal
from apparel_eye.errors import StoppedError
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.tracking.background import Background, in_short

logger = logging.getLogger(__name__)

CHECKSUM = "recognizer_sha256"
"""Parameter of runs, by which those are found that made a recognizer."""

_PATIENCE, _PATIENCE_WHEN_STOPPED = 10.0, 3.0  # seconds to wait for MLflow when all else is done
_NOT_MEASURED = ("epoch", "cycle")
_REFUSED = "INVALID_PARAMETER_VALUE"  # not all bad requests: MLflow calls a damaged database one as well


class MlflowTracking:
    """kedro-mlflow's hook, called in a thread of its own: by itself it talks to MLflow before anything runs, also for
    commands that run nothing, and waits for each answer.

    What is logged stands in the catalog: ``metadata: {mlflow: training | scores | recognizer | artifact}``; the first,
    a checkpoint, while its node runs. Datasets of kedro-mlflow log as they are saved, so a server that dies would stop
    the run, and a finished step, which saves nothing, would tell nothing. A run that is repeated tells all of it.

    Args:
        patience: seconds to wait for MLflow when all else is done.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._context: KedroContext
        self._background: Background
        self._kedro_mlflow: MlflowHook
        self._kinds: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._logged_epochs: dict[str, int] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        config = KedroMlflowConfig.model_validate(context.config_loader["mlflow"])
        context.__setattr__("mlflow", config)  # for `kedro mlflow ui`
        mlflow.set_tracking_uri(config.server.mlflow_tracking_uri)
        self._context = context

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        self._kinds, self._logged_epochs = _declared(pipeline, catalog), {}
        self._paths = {name: _path_of(name, catalog) for name in self._kinds}
        self._background, self._kedro_mlflow = Background(mlflow.get_tracking_uri()), MlflowHook()
        tags = _tags(run_params, catalog.load("params:category"))
        self._background.do(_start, self._kedro_mlflow, self._context, tags, run_params, pipeline, catalog)
        self._tell(_log_params, _parameters(pipeline, catalog))

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        if self._kinds.get(dataset_name) == "training":
            self._tell_history(dataset_name, data)
            if data.state is None:  # finished
                self._tell(_log_checkpoint, *self._sealed(dataset_name))

    @hook_impl
    def after_pipeline_run(self, catalog: DataCatalog) -> None:
        for name, kind in self._kinds.items():
            if not catalog.exists(name):
                continue
            if kind == "training" and name not in self._logged_epochs:  # finished before
                self._tell_history(name, catalog.load(name))
                self._tell(_log_checkpoint_once, *self._sealed(name))
            elif kind == "scores":
                scores = [(key, value, 0) for key, value in _numbers(catalog.load(name), "scores")]
                self._tell(_log_metrics, scores)
            elif kind != "training":
                self._tell(_log_file, self._paths[name])
            if kind == "recognizer":
                self._tell(_log_params, {CHECKSUM: seal.sha256_of(self._paths[name])})
        self._end("FINISHED", self._patience)

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        if isinstance(error, StoppedError):
            self._end("KILLED", min(self._patience, _PATIENCE_WHEN_STOPPED))
        else:
            self._end("FAILED", self._patience)

    def _tell(self, call: Callable[..., object], *args: Any) -> None:
        self._background.do(_unless_refused, self._kedro_mlflow, call, *args)

    def _tell_history(self, name: str, checkpoint: Checkpoint) -> None:
        """New epochs only: training saves its checkpoint more often than that."""
        known = self._logged_epochs.get(name, 0)
        self._logged_epochs[name] = len(checkpoint.history)
        self._tell(_log_metrics, list(_measurements(_prefix(name), checkpoint.history[known:])))

    def _sealed(self, name: str) -> tuple[str, Path, str]:
        return name, self._paths[name], seal.checksums_of(self._paths[name])[0]

    def _end(self, status: str, patience: float) -> None:
        self._tell(_end, status)
        self._background.end(patience)


def _start(hook: MlflowHook, context: KedroContext, tags: Mapping[str, str], *of_run: Any) -> None:
    """Start the run as kedro-mlflow does, and tag it."""
    hook.after_context_created(context)
    run = hook.mlflow_config.tracking.run
    run.name = run.name or tags["mlflow.runName"]
    hook.before_pipeline_run(*of_run)
    if hook.run_id is not None:
        mlflow.set_tags({**tags, "mlflow.runName": run.name})


def _unless_refused(hook: MlflowHook, call: Callable[..., object], *args: Any) -> None:
    if hook.run_id is None:  # mlflow.yml leaves the pipeline out
        return
    try:
        call(hook, *args)
    except MlflowException as error:
        if error.error_code != _REFUSED:
            raise
        logger.warning("MLflow refuses a part of what it is told: %s", in_short(error))  # and would, each time


def _log_params(hook: MlflowHook, params: Mapping[str, Any]) -> None:
    """All at once: kedro-mlflow sends each alone, 250 in 8 s where this takes 0.2 s."""
    options = hook.mlflow_config.tracking.params.dict_params
    leaves = _flatten_dict(params, options.recursive, options.sep) if options.flatten else params
    named = {hook.sanitize_param_name(name): value for name, value in leaves.items()}
    long = {name: value for name, value in named.items() if len(str(value)) > MAX_PARAM_VAL_LENGTH}
    mlflow.log_params({name: value for name, value in named.items() if name not in long})
    for name, value in long.items():
        hook._log_param(name, value)  # as mlflow.yml has it


def _log_metrics(hook: MlflowHook, metrics: Sequence[tuple[str, float, int]]) -> None:
    now = int(time.time() * 1000)
    MlflowClient().log_batch(hook.run_id, [Metric(name, value, now, step) for name, value, step in metrics])


def _log_file(hook: MlflowHook, path: Path) -> None:
    mlflow.log_artifact(str(path), run_id=hook.run_id)


def _log_checkpoint(hook: MlflowHook, name: str, path: Path, checksum: str) -> None:
    _log_file(hook, path)
    MlflowClient().set_tag(hook.run_id, f"{name}_sha256", checksum)


def _log_checkpoint_once(hook: MlflowHook, name: str, path: Path, checksum: str) -> None:
    """It may be some hundred MB: sent only if no run has sent it."""
    experiment = hook.mlflow_config.tracking.experiment.name
    query = f"tags.{name}_sha256 = '{checksum}'"
    if not mlflow.search_runs(experiment_names=[experiment], filter_string=query, max_results=1, output_format="list"):
        _log_checkpoint(hook, name, path, checksum)


def _end(hook: MlflowHook, status: str) -> None:
    mlflow.end_run(status)


def _declared(pipeline: Pipeline, catalog: DataCatalog) -> dict[str, str]:
    """Which of the pipeline's results are logged, and as what."""
    metadata = {name: getattr(catalog.get(name), "metadata", None) or {} for name in sorted(pipeline.all_outputs())}
    return {name: entry["mlflow"] for name, entry in metadata.items() if "mlflow" in entry}


def _path_of(name: str, catalog: DataCatalog) -> Path:
    dataset: Any = catalog.get(name)
    path: Path = dataset.path
    return path


def _tags(run_params: Mapping[str, Any], category: str) -> dict[str, str]:
    """The run's name, the category, and what was typed; MLflow itself adds user and commit, kedro-mlflow options."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    name = f"{'+'.join(run_params['pipeline_names'] or ['all'])} {category}"
    return {"kedro_command": command, "category": category, "mlflow.runName": name}


def _parameters(pipeline: Pipeline, catalog: DataCatalog) -> dict[str, Any]:
    used = sorted(name for name in pipeline.inputs() if name.startswith("params:"))
    return {name.removeprefix("params:"): _plain(catalog.load(name)) for name in used}


def _plain(value: Any) -> Any:
    """Typed parameters as dictionaries, which kedro-mlflow can flatten."""
    tree = value.model_dump() if isinstance(value, BaseModel) else value
    return {key: _plain(branch) for key, branch in tree.items()} if isinstance(tree, dict) else tree


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
