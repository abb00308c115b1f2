"""Trained categories as versions of registered MLflow models, which ``mlflow models serve`` can serve."""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import requires, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
from mlflow import MlflowClient, MlflowException
from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from packaging.requirements import Requirement
from packaging.version import Version

from apparel_eye.classifiers.registry import HEADS
from apparel_eye.datasets import seal
from apparel_eye.errors import DataError, SystemEnvironmentError, without_credentials
from apparel_eye.prediction.models import RECOGNIZER, files_of, load_category
from apparel_eye.prediction.recognizer import Recognizer
from apparel_eye.tracking.background import in_short
from apparel_eye.tracking.hook import CHECKSUM

BEST = "best"
_PACKAGE = Path(__file__).parents[1]
_SERVED = Path(__file__).with_name("served.py")
_SCORES = ("basic_precision", "average_precision")


@dataclass(frozen=True)
class Registered:
    """A version of a registered model.

    Attributes:
        name: of the model, which is the category's.
        version: its number.
        is_new: whether it was not registered before.
        is_best: whether it has the alias ``best``.
        score: mean of basic and average precision on validation photos.
        recognizer: its ``Recognizer.version``.
        tracking_uri: where it is registered.
    """

    name: str
    version: int
    is_new: bool
    is_best: bool
    score: float
    recognizer: str
    tracking_uri: str

    def in_words(self) -> str:
        """What was done, and the command that serves the best."""
        done = "is now" if self.is_new else "was already"
        best = "the best of them" if self.is_best else f"not better than the one with the alias {BEST}"
        command = shlex.join(["mlflow", "models", "serve", "-m", f"models:/{self.name}@{BEST}", "--env-manager=local"])
        return (
            f"recognizer {self.recognizer} {done} version {self.version} of {self.name}, {best} "
            f"(mean of basic and average precision {self.score:.3f})\n"
            f"serve the best: MLFLOW_TRACKING_URI={shlex.quote(without_credentials(self.tracking_uri))} {command}"
        )


def register(data: Path, category: str, experiment: str) -> Registered:
    """Register a trained category with MLflow; its model card is the description, and the best by
    validation scores has the alias ``best``.

    A recognizer that is registered already gets no second version.

    Args:
        data: folder below which the run that trained it has written.
        category: that was trained to the end.
        experiment: of the model, if MLflow does not know the run.

    Raises:
        DataError: it was not trained to the end, a file is damaged, or models are of two trainings.
        SystemEnvironmentError: MLflow cannot be reached, or refuses.
    """
    recognizer = load_category(data, category)
    recognizer.check()
    scores, card = (_sealed(data / "08_reporting" / category / name) for name in ("scores.json", "model_card.md"))
    folder = data / "06_models" / category
    try:
        return _register(MlflowClient(), folder, recognizer, json.loads(scores), card, experiment)
    except MlflowException as error:
        raise SystemEnvironmentError(
            f"MLflow ({without_credentials(mlflow.get_tracking_uri())}) did not register it: {in_short(error)}"
        ) from error


def _register(
    client: MlflowClient, folder: Path, recognizer: Recognizer, scores: Mapping[str, Any], card: str, experiment: str
) -> Registered:
    name = f"apparel-eye-{recognizer.about.category}"
    known = _versions(client, name)
    found = next((each for each in known if each.tags.get("recognizer") == recognizer.version), None)
    if found is None:
        if not known:
            _ensure_named(client, name)
        run_id = _run_of(client, folder / RECOGNIZER)
        model = _log_model(client, folder, recognizer, scores, run_id, experiment)
        found = client.create_model_version(
            name,
            source=f"models:/{model.model_id}",
            run_id=run_id,
            tags={key: str(value) for key, value in _said_of(recognizer, scores).items()},
            description=card,
            model_id=model.model_id,
        )
    score = _score(scores)
    is_best = _mark_best(client, name, found, score)
    return Registered(
        name, int(found.version), found not in known, is_best, score, recognizer.version, mlflow.get_tracking_uri()
    )


def _mark_best(client: MlflowClient, name: str, candidate: ModelVersion, score: float) -> bool:
    """Whether it is the best now; of equals, the earlier stays."""
    holder = client.get_registered_model(name).aliases.get(BEST)
    if holder is not None and holder != candidate.version:
        tags = client.get_model_version(name, str(holder)).tags
        if sum(float(tags[key]) for key in _SCORES) / len(_SCORES) >= score:
            return False
    client.set_registered_model_alias(name, BEST, candidate.version)
    return True


def _log_model(
    client: MlflowClient,
    folder: Path,
    recognizer: Recognizer,
    scores: Mapping[str, Any],
    run_id: str | None,
    experiment: str,
) -> LoggedModel:
    said = _said_of(recognizer, scores)
    model = mlflow.initialize_logged_model(
        name=recognizer.about.category,
        source_run_id=run_id,
        tags={key: str(value) for key, value in said.items()},
        model_type="recognizer",
        experiment_id=None if run_id else _experiment_id(client, experiment),
    )
    try:
        with TemporaryDirectory() as scratch:
            _save(Path(scratch), folder, recognizer.about.features)
            client.log_model_artifacts(model.model_id, str(Path(scratch) / "model"))
    except BaseException:
        client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
        raise
    return client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)


def _save(scratch: Path, folder: Path, heads: Iterable[str]) -> None:
    models = scratch / "models"
    models.mkdir()
    for name in files_of(heads):
        seal.copy(folder / name, models)
    mlflow.pyfunc.save_model(
        scratch / "model",
        python_model=str(_SERVED),
        code_paths=[str(_PACKAGE)],
        artifacts={"models": str(models)},
        pip_requirements=_requirements({"", *(HEADS[name].library or "" for name in heads)}),
        signature=ModelSignature(Schema([ColSpec("string", "photo"), ColSpec("string", "name", required=False)])),
    )


def _requirements(extras: Iterable[str]) -> list[str]:
    """What is installed here of what the project and some extras need, as a package index knows it."""
    by_extra = [{"extra": extra} for extra in extras]
    needed = [Requirement(line) for line in requires("apparel-eye") or ()]
    return [_pinned(each) for each in needed if each.marker is None or any(map(each.marker.evaluate, by_extra))]


def _pinned(needed: Requirement) -> str:
    extras = f"[{','.join(sorted(needed.extras))}]" if needed.extras else ""
    return f"{needed.name}{extras}=={Version(version(needed.name)).public}"


def _said_of(recognizer: Recognizer, scores: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "recognizer": recognizer.version,
        "candidate": recognizer.candidate,
        **{key: scores["submission"][key] for key in _SCORES},
        "validation_photos": scores["photos"],
    }


def _score(scores: Mapping[str, Any]) -> float:
    return float(sum(scores["submission"][key] for key in _SCORES) / len(_SCORES))


def _sealed(path: Path) -> str:
    if not path.exists():
        raise DataError(f"{path} does not exist; run the pipeline report, which makes it")
    seal.check(path)
    return path.read_text(encoding="utf-8")


def _versions(client: MlflowClient, name: str) -> list[ModelVersion]:
    quoted = name.replace("'", "''")
    return list(client.search_model_versions(f"name = '{quoted}'"))


def _ensure_named(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _run_of(client: MlflowClient, described: Path) -> str | None:
    """The first run that told all of this recognizer: later ones have found it finished."""
    experiments = [each.experiment_id for each in client.search_experiments()]
    query = f"params.{CHECKSUM} = '{seal.sha256_of(described)}' and attributes.status = 'FINISHED'"
    found = client.search_runs(experiments, query, order_by=["attributes.start_time ASC"], max_results=1)
    return str(found[0].info.run_id) if found else None


def _experiment_id(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))
