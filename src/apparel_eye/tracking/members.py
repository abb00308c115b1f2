"""Runs whose models are averaged: folders that they have written to, or what MLflow keeps of them."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from mlflow import MlflowClient, MlflowException
from pydantic import ValidationError

from apparel_eye.data.subsets import Subsets, join_folds
from apparel_eye.datasets import seal
from apparel_eye.errors import DataError, UsageError, without_credentials
from apparel_eye.prediction.ensemble import Member
from apparel_eye.prediction.models import load_category
from apparel_eye.prediction.recognizer import About
from apparel_eye.tracking.background import in_short

_RECOGNIZER = "06_models/{}/recognizer.json"
_TABLES = {
    "subsets": "03_primary/{}/subsets.parquet",
    "questions": "03_primary/{}/questions.parquet",
    "probabilities": "07_model_output/{}/probabilities.parquet",
}
"""Below an output root; MLflow keeps the same files by their names, as the catalog says."""
_EARLIER_TABLES = {"manifest": "03_primary/{}/manifest.parquet", "folds": "03_primary/{}/folds.parquet"}
"""Of which subsets are made where an earlier version has run."""
_EARLIER_COLUMNS = {"column": "candidate", "part": "half"}
"""Names of columns in tables of earlier versions, and the present ones."""
_RUN_ID = re.compile(r"[0-9a-f]{32}")


class MembersDataset(AbstractDataset[None, list[Member]]):
    """Members of an ensemble.

    Args:
        members: folders and ids of MLflow runs, separated by spaces, quoted as in a shell.
        category: of all of them.
        metadata: for Kedro-Viz.
    """

    def __init__(self, members: str, category: str, metadata: dict[str, Any] | None = None) -> None:
        self._members, self._category = members, category
        self.metadata = metadata

    def load(self) -> list[Member]:
        found = []
        for name in self._names():
            with _files_of(name, self._category) as files:
                found.append(_read(name, files))
        return found

    def fingerprint(self) -> list[list[str]]:
        """Changes with any file of a folder; what MLflow keeps of a run that has ended does not change."""
        files = [_RECOGNIZER, *_TABLES.values(), *_EARLIER_TABLES.values()]
        return [
            [name, *(checksum for file in files for checksum in seal.checksums_of(Path(name) / self._path(file))[:1])]
            for name in self._names()
        ]

    def save(self, data: None) -> None:
        raise TypeError("members are only read")

    def _names(self) -> list[str]:
        try:
            names = shlex.split(self._members)
        except ValueError as error:
            raise UsageError(f"members is {self._members!r}: {error}; quote folders as in a shell") from error
        return [name if _RUN_ID.fullmatch(name) else str(Path(name).expanduser()) for name in names]

    def _path(self, file: str) -> str:
        return file.format(self._category)

    def _describe(self) -> dict[str, Any]:
        return {"members": self._members, "category": self._category}


@contextmanager
def _files_of(name: str, category: str) -> Iterator[dict[str, Path]]:
    """Paths of a member's files by what they are."""
    is_folder = Path(name).is_dir()
    of_all = {"recognizer": _RECOGNIZER, **_TABLES, **_EARLIER_TABLES}
    paths = {what: Path(name) / place.format(category) for what, place in of_all.items()}
    there = {path.name for path in paths.values() if path.exists()} if is_folder else _names_in_mlflow(name)
    for what in _EARLIER_TABLES if paths["subsets"].name in there or paths["folds"].name not in there else ["subsets"]:
        del paths[what]
    if is_folder:
        for path in paths.values():
            if not path.exists():
                raise DataError(f"{path} does not exist; run the whole flow for {category} there, or name another run")
            seal.check(path)
        load_category(Path(name), category).check()
        yield paths
        return
    if not _RUN_ID.fullmatch(name):
        raise DataError(f"{Path(name).absolute()} is no folder, and {name!r} no id of an MLflow run; name one of them")
    with TemporaryDirectory() as scratch:
        yield {what: _downloaded(name, path.name, scratch) for what, path in paths.items()}


def _names_in_mlflow(run_id: str) -> set[str]:
    """Files of a run; none where MLflow does not say, which is told when one is asked for."""
    try:
        return {artifact.path for artifact in MlflowClient().list_artifacts(run_id)}
    except MlflowException:
        return set()


def _downloaded(run_id: str, file: str, scratch: str) -> Path:
    client = MlflowClient()
    try:
        return Path(client.download_artifacts(run_id, file, scratch))
    except (MlflowException, OSError) as error:
        raise DataError(
            f"MLflow ({without_credentials(client.tracking_uri)}) has no {file} of run {run_id}: {in_short(error)}; "
            "name a run of the whole flow, or the folder that it has written to"
        ) from error


def _read(name: str, files: dict[str, Path]) -> Member:
    try:
        about = About.model_validate_json(files["recognizer"].read_text(encoding="utf-8"))
    except ValidationError as error:
        raise DataError(f"recognizer.json of {name} is of another version; run the whole flow there again") from error
    tables = {
        what: pd.read_parquet(path).rename(columns=_EARLIER_COLUMNS)
        for what, path in files.items()
        if what != "recognizer"
    }
    if "subsets" not in tables:
        tables["subsets"] = join_folds(tables.pop("manifest"), tables.pop("folds"), about.values)
    return Member(name, about, Subsets(tables.pop("subsets")), **tables)
