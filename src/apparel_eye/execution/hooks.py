"""What a run says at the end; ``tracking`` tells MLflow."""

import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any

import mlflow
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from apparel_eye.errors import without_credentials
from apparel_eye.parameters import STAGES

logger = logging.getLogger(__name__)

_RESULTS = (
    "submission", "ensemble_submission", "ensemble_scores", "predictions", "predictions_csv", "scores",
    f"{STAGES[-1]}_checkpoint", "recognizer", "manifest", "findings",
)  # fmt: skip
"""What a run says the place of."""


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
        uri = without_credentials(mlflow.get_tracking_uri())
        logger.info("Compare runs: make mlflow (or mlflow ui --backend-store-uri %s)", uri)
        environment = run_params["env"]
        shown = "" if environment in (None, "local") else f" ENV={environment}"
        logger.info("See the flow: make viz%s", shown)


def _answers(table: Any) -> str:
    """How many photos were answered, counted a part at a time."""
    counted: Counter[str] = Counter()
    for chunk in table.chunks():
        counted["not readable"] += int((chunk.rows["problem"] != "").sum())
        counted["answered"] += int(chunk.rows["answered"].sum())
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
