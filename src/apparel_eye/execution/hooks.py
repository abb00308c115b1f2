"""What happens around a run: parameters are checked, and the result is shown; ``tracking`` tells MLflow."""

import difflib
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from pydantic import ValidationError

from apparel_eye.errors import UsageError
from apparel_eye.parameters import ProjectParameters

logger = logging.getLogger(__name__)

_RESULTS = (
    "submission", "ensemble_submission", "ensemble_scores", "predictions", "predictions_csv", "scores",
    "large_checkpoint", "recognizer", "manifest", "findings",
)  # fmt: skip
"""What a run says the place of."""


class ParameterCheck:
    """Every parameter is checked before anything runs, also those that the pipeline does not use."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        try:
            ProjectParameters.model_validate(context.config_loader["parameters"])
        except ValidationError as error:
            raise UsageError(_explain(error.errors())) from error


def _explain(problems: list[Any]) -> str:
    """Problems in words: the key, what was found, what would be right, be it one of several kinds."""
    said: dict[str, list[str]] = {}
    for problem in problems:
        key, remedy = _in_words(problem)
        said.setdefault(key, []).append(remedy)
    return "; ".join(f"{key}{' or '.join(dict.fromkeys(remedies))}" for key, remedies in said.items())


def _in_words(problem: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong, and what would be right."""
    where, key = _place(problem["loc"])
    name = ".".join([*where, key])
    if problem["type"] == "extra_forbidden":
        known = sorted(_fields_at(where))
        alike = difflib.get_close_matches(key, known, n=1)
        remedy = f"did you mean {'.'.join([*where, alike[0]])}?" if alike else f"there are {', '.join(known)}"
        return f"there is no parameter {name}; ", remedy
    if problem["type"] == "missing":
        return f"parameter {name} is missing", ""
    remedy = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], dict) and problem["type"] == "value_error":
        return f"parameter {name}: ", remedy
    return f"parameter {name} is {problem['input']!r}: ", remedy


def _place(location: Sequence[str | int]) -> tuple[list[str], str]:
    """The keys around a key, and itself; which of several kinds was tried, as pydantic has it, is left out."""
    model: Any = ProjectParameters
    place: list[str] = []
    for part in location:
        if not hasattr(model, "model_fields"):
            place += [str(part)] if isinstance(part, int) else []
            continue
        place.append(str(part))
        model = model.model_fields[part].annotation if part in model.model_fields else None
    return place[:-1], place[-1]


def _fields_at(where: list[str]) -> set[str]:
    model: Any = ProjectParameters
    for part in where:
        model = model.model_fields[part].annotation
    return set(model.model_fields)


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
                "Submitted candidate: %s; choosing a candidate like that reaches %.3f / %.3f (basic / average "
                "precision) on photos that took no part in the choice",
                chosen["candidate"],
                chosen["basic_precision"],
                chosen["average_precision"],
            )
            logger.info(
                "Where it is sure enough it answers %.0f %% of the photos, of these %.3f right (precision)",
                100 * chosen["answered_coverage"],
                chosen["answered_precision"],
            )
            if "test" in scores:
                test = scores["test"]
                on_test = (test["photos"], test["basic_precision"], test["average_precision"])
                logger.info("On the %d photos of the given test it reaches %.3f / %.3f", *on_test)
        if "ensemble_score_table" in made:
            logger.info("\nMembers, and their mean:\n%s", _score_lines(catalog.load("ensemble_score_table")))
        if "predictions" in made:
            logger.info("\n%s", _answers(catalog.load("predictions")))
        for name in _RESULTS:
            if name in made and catalog.exists(name):
                logger.info("%-18s %s", name, _short(_path_of(name, catalog)))
        logger.info("Compare runs: make mlflow (or mlflow ui --backend-store-uri %s)", mlflow.get_tracking_uri())
        environment = run_params["env"]
        shown = "" if environment in (None, "local") else f" ENV={environment}"
        logger.info("See the flow: make viz%s", shown)


def _answers(table: Any) -> str:
    """How many photos were answered, counted a part at a time."""
    counted: Counter[str] = Counter()
    for part in table.parts():
        counted["not readable"] += int((part.rows["problem"] != "").sum())
        counted["answered"] += int(part.rows["answered"].sum())
    unsure = table.num_rows - counted.total()
    return (
        f"{table.num_rows} files: {counted['answered']} answered, {unsure} less sure than an answer must be, "
        f"{counted['not readable']} not readable"
    )


def _score_lines(table: Any) -> str:
    shown = table[["candidate"]].copy()
    for name in ("basic_precision", "average_precision", "accuracy", "log_loss"):
        shown[name] = table[name].map("{:.3f}".format)
        if f"{name}_low" in table:
            ends = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
            shown[name] += [f" ({low:.2f} to {high:.2f})" for low, high in ends]
    return str(shown.rename(columns=lambda name: name.replace("_", " ")).to_string(index=False))


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _path_of(name: str, catalog: DataCatalog) -> Path:
    dataset: Any = catalog.get(name)
    path: Path = dataset.path
    return path
