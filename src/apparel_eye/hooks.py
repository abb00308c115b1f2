"""What happens around a run: parameters are checked, MLflow is told, and the result is shown."""

import difflib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mlflow
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro_mlflow.framework.hooks import MlflowHook
from mlflow.entities import Metric, Param
from pydantic import BaseModel, ValidationError

from apparel_eye.errors import UsageError
from apparel_eye.parameters import ProjectParameters

logger = logging.getLogger(__name__)

_PARAMS_PER_CALL = 100  # more than that MLflow refuses


class ParameterCheck:
    """Every parameter is checked before anything runs, also those that the pipeline does not use."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        try:
            ProjectParameters.model_validate(context.config_loader["parameters"])
        except ValidationError as error:
            raise UsageError("; ".join(_explain(problem) for problem in error.errors())) from error


def _explain(problem: Mapping[str, Any]) -> str:
    """One problem in words: the key, what was found, what would be right."""
    *where, key = [str(part) for part in problem["loc"]]
    name = ".".join([*where, key])
    if problem["type"] == "extra_forbidden":
        known = sorted(_fields_at(where))
        alike = difflib.get_close_matches(key, known, n=1)
        remedy = f"did you mean {'.'.join([*where, alike[0]])}?" if alike else f"there are {', '.join(known)}"
        return f"there is no parameter {name}; {remedy}"
    return f"parameter {name} is {problem['input']!r}: {problem['msg']}"


def _fields_at(where: list[str]) -> set[str]:
    model: Any = ProjectParameters
    for part in where:
        model = model.model_fields[part].annotation
    return set(model.model_fields)


class MlflowTracking(MlflowHook):  # type: ignore[misc]
    """One MLflow run a Kedro run: parameters as leaves, metrics per epoch as they come, scores, figures, files.

    What is logged stands in the catalog: ``metadata: {mlflow: history | checkpoint | scores | artifact}``; the first
    two while a node runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[str, str] = {}
        self._logged_epochs: dict[str, int] = {}
        self._paths: dict[str, Path] = {}

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        super().before_pipeline_run(run_params, pipeline, catalog)
        self._kinds, self._logged_epochs = _declared(pipeline, catalog), {}
        self._paths = {name: _path_of(name, catalog) for name in self._kinds}
        category = catalog.load("params:category")
        name = "+".join(run_params["pipeline_names"] or ["all"])
        mlflow.set_tags({"category": category, "mlflow.runName": f"{name} {category}"})
        self._log_parameters(pipeline, catalog)

    @hook_impl
    def before_node_run(self, node: Node, catalog: DataCatalog, inputs: dict[str, Any], is_async: bool) -> None:
        """Parameters were logged before the first node ran, as leaves."""

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        kind = self._kinds.get(dataset_name)
        if kind == "history":
            self._log_history(dataset_name, data)
        elif kind == "checkpoint":
            mlflow.log_artifact(str(self._paths[dataset_name]))

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        for name, kind in self._kinds.items():
            if not catalog.exists(name):
                continue
            if kind == "history":  # of what was finished before, too, so that runs can be compared
                self._log_history(name, catalog.load(name))
            elif kind == "scores":
                mlflow.log_metrics(dict(_numbers(catalog.load(name))))
            elif kind == "artifact":
                mlflow.log_artifact(str(self._paths[name]))
        super().after_pipeline_run(run_params, pipeline, catalog)

    def _log_parameters(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        used = {name: catalog.load(name) for name in pipeline.inputs() if name.startswith("params:")}
        leaves = {
            key: value for name, tree in used.items() for key, value in _leaves(name.removeprefix("params:"), tree)
        }
        params = [Param(key, str(value)) for key, value in sorted(leaves.items())]
        client, run_id = mlflow.MlflowClient(), self.run_id
        for first in range(0, len(params), _PARAMS_PER_CALL):
            client.log_batch(run_id, params=params[first : first + _PARAMS_PER_CALL])

    def _log_history(self, name: str, history: Any) -> None:
        """New epochs only: a training node saves its history after each of them."""
        prefix = name.removesuffix("_history").replace(".", "/")
        known = self._logged_epochs.get(name, 0)
        now = int(time.time() * 1000)
        metrics = [
            Metric(f"{prefix}/{column}", float(value), now, int(row["epoch"]))
            for row in history.iloc[known:].to_dict(orient="records")
            for column, value in row.items()
            if column not in ("epoch", "cycle")
        ]
        mlflow.MlflowClient().log_batch(self.run_id, metrics=metrics)
        self._logged_epochs[name] = len(history)


def _declared(pipeline: Pipeline, catalog: DataCatalog) -> dict[str, str]:
    """Which of the pipeline's results are logged, and as what."""
    metadata = {name: getattr(catalog.get(name), "metadata", None) or {} for name in sorted(pipeline.all_outputs())}
    return {name: entry["mlflow"] for name, entry in metadata.items() if "mlflow" in entry}


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    tree = value.model_dump() if isinstance(value, BaseModel) else value
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from _leaves(f"{name}.{key}", branch)
    else:
        yield name, tree


def _numbers(tree: Mapping[str, Any], prefix: str = "scores") -> Iterator[tuple[str, float]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}/{key}")
        elif isinstance(value, int | float):
            yield f"{prefix}/{key}", float(value)


class Summary:
    """Says at the end what was reached, where it lies, and which commands look at it."""

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        made = pipeline.all_outputs()
        if "score_table" in made:
            scores = catalog.load("scores")
            logger.info("\nScores on %d validation photos:", scores["photos"])
            logger.info("%s", _score_lines(catalog.load("score_table")))
            chosen = scores["submission"]
            logger.info(
                "Submitted column: %s; choosing a column like that reaches %.3f / %.3f (basic / average precision) on "
                "photos that took no part in the choice",
                chosen["column"],
                chosen["basic_precision"],
                chosen["average_precision"],
            )
            if "test" in scores:
                test = scores["test"]
                on_test = (test["photos"], test["basic_precision"], test["average_precision"])
                logger.info("On the %d photos of the given test it reaches %.3f / %.3f", *on_test)
        for name in ("submission", "predictions", "scores", "large_checkpoint", "manifest", "findings"):
            if name in made and catalog.exists(name):
                logger.info("%-18s %s", name, _short(_path_of(name, catalog)))
        logger.info("Compare runs: make mlflow (or mlflow ui --backend-store-uri %s)", mlflow.get_tracking_uri())
        environment = run_params["env"]
        shown = "" if environment in (None, "local") else f" ENV={environment}"
        logger.info("See the flow: make viz%s", shown)


def _score_lines(table: Any) -> str:
    columns = table.rename(columns=lambda name: name.replace("_", " ")).drop(columns="photos")
    return str(columns.to_string(index=False, float_format="{:.3f}".format))


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _path_of(name: str, catalog: DataCatalog) -> Path:
    dataset: Any = catalog.get(name)
    path: Path = dataset.path
    return path
