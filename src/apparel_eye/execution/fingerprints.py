"""What the results of a node are made from: its code, its parameters and the files that it reads."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog
from kedro.pipeline.node import Node
from pydantic import BaseModel

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import SealedDataset

_PACKAGE = Path(__file__).parents[1]


def fingerprint_of(node: Node, catalog: DataCatalog) -> str:
    """Changes with the node's code, parameters and input files."""
    parts = {"code": code_of(node), **{name: input_fingerprint(name, catalog) for name in node.inputs}}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def input_fingerprint(name: str, catalog: DataCatalog) -> Any:
    """A parameter's value as JSON, or a file's checksum; None where there is no file."""
    if is_parameter(name):
        value = catalog.load(name)
        return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    dataset: Any = catalog.get(name)
    if isinstance(dataset, SealedDataset):
        return next(iter(seal.checksums_of(dataset.path)), None)
    return dataset.fingerprint()


def is_parameter(name: str) -> bool:
    """Whether an input is a parameter, as Kedro names them."""
    return name.startswith("params:") or name == "parameters"


def code_of(node: Node) -> str:
    """Checksum of the node's pipeline and of the library; other pipelines do not matter to it."""
    own = Path(node.func.__code__.co_filename).parent
    library = [path for path in _PACKAGE.rglob("*.py") if "pipelines" not in path.relative_to(_PACKAGE).parts]
    return _checksum_of((*sorted(own.glob("*.py")), *sorted(library)))


@cache
def _checksum_of(paths: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
