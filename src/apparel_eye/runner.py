"""Runs the nodes of a pipeline in order, and loads what is finished with the same settings and data."""

import hashlib
import json
import logging
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner import SequentialRunner
from kedro.runner.task import Task
from pluggy import PluginManager
from pydantic import BaseModel

from apparel_eye.errors import SurroundingsError
from apparel_eye.io import seal
from apparel_eye.io.sealed import SealedDataset

logger = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parent
_WORTH_TELLING = 5.0  # seconds
_EFFECTIVE = os.access in os.supports_effective_ids  # Windows asks for the user who started the program


class FinishedRunner(SequentialRunner):
    """A node is skipped if all its files were made from the same inputs, parameters and code.

    Each node has a fingerprint: of the code, its parameters, and the checksums of the files that it reads. When it is
    done, the fingerprint is noted in the seals of the files that it wrote.
    """

    def _run(
        self,
        pipeline: Pipeline,
        catalog: Any,  # a DataCatalog
        hook_manager: PluginManager | None = None,
        run_id: str | None = None,
    ) -> None:
        for name in sorted(pipeline.inputs()):
            _input_fingerprint(name, catalog)  # a folder that is missing is told before anything is made
        nodes = pipeline.nodes
        _check_writable(nodes, catalog)
        for position, node in enumerate(nodes, start=1):
            fingerprint = fingerprint_of(node, catalog)
            if is_finished(node, catalog, fingerprint):
                logger.info("[%d/%d] %s: finished before, loaded", position, len(nodes), node.name)
                continue
            logger.info("[%d/%d] %s", position, len(nodes), node.name)
            started = time.perf_counter()
            Task(node=node, catalog=catalog, hook_manager=hook_manager, is_async=False, run_id=run_id).execute()
            for dataset in _outputs(node, catalog):
                if isinstance(dataset, SealedDataset) and dataset.path.exists():
                    seal.mark_finished(dataset.path, fingerprint)
            seconds = time.perf_counter() - started
            if seconds >= _WORTH_TELLING:
                logger.info("    %s took %.0f s", node.name, seconds)


def _check_writable(nodes: list[Node], catalog: DataCatalog) -> None:
    """Where nothing can be written is told before hours of training, not after."""
    datasets = [dataset for node in nodes for dataset in _outputs(node, catalog)]
    folders = {dataset.path.parent for dataset in datasets if isinstance(dataset, SealedDataset)}
    there = {next(parent for parent in (folder, *folder.parents) if parent.exists()) for folder in folders}
    for folder in sorted(there):
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE):
            what = "nothing can be written to it" if folder.is_dir() else "it is a file, not a folder"
            raise SurroundingsError(f"results go to {folder}: {what}; name another folder with --params data=FOLDER")


def is_finished(node: Node, catalog: DataCatalog, fingerprint: str) -> bool:
    """Whether all outputs of a node are files that were made from what it would be made from now."""
    return all(
        isinstance(dataset, SealedDataset)
        and dataset.path.exists()
        and seal.read(dataset.path).get("made_from") == fingerprint
        for dataset in _outputs(node, catalog)
    )


def fingerprint_of(node: Node, catalog: DataCatalog) -> str:
    """Changes with the node's code, parameters and input files."""
    parts = {"code": _code_of(node), **{name: _input_fingerprint(name, catalog) for name in node.inputs}}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _input_fingerprint(name: str, catalog: DataCatalog) -> Any:
    if name.startswith("params:") or name == "parameters":
        value = catalog.load(name)
        return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    dataset: Any = catalog.get(name)
    if isinstance(dataset, SealedDataset):
        return seal.read(dataset.path).get("sha256", [None])[0]
    return dataset.fingerprint()


def _outputs(node: Node, catalog: DataCatalog) -> list[AbstractDataset[Any, Any] | None]:
    return [catalog.get(name) for name in node.outputs]


def _code_of(node: Node) -> str:
    """Of the node's pipeline and of the library; other pipelines do not matter to it."""
    own = Path(node.func.__code__.co_filename).parent
    library = [path for path in _PACKAGE.rglob("*.py") if "pipelines" not in path.relative_to(_PACKAGE).parts]
    return _checksum_of((*sorted(own.glob("*.py")), *sorted(library)))


@cache
def _checksum_of(paths: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
