"""What the results of a node are made from: the code that it reaches, its parameters and the files that it reads.

What a dataset writes is not among it: newer code of a dataset reads what older code wrote, which its tests hold. Nor
are libraries: what another version of them would make hardly differs and takes hours, so it is told and left to the
user. Only unfinished training refuses another torch, since its bits could not go on.
"""

import hashlib
import json
from importlib.metadata import version
from typing import Any

from kedro.io import DataCatalog
from kedro.pipeline.node import Node
from pydantic import BaseModel

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import SealedDataset
from apparel_eye.execution.reach import checksum_of, libraries_of

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "lightgbm": "lightgbm",
    "sklearn": "scikit-learn",
    "timm": "timm",
    "torch": "torch",
    "xgboost": "xgboost",
}
"""Libraries on which numbers depend, and the names under which they are installed."""


def fingerprint_of(node: Node, catalog: DataCatalog) -> str:
    """Changes with the code that the node can reach, its parameters and its input files, and with nothing else."""
    parts = {"code": checksum_of(node.func), **{name: input_fingerprint(name, catalog) for name in node.inputs}}
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


def versions_of(node: Node) -> dict[str, str]:
    """Installed versions of the libraries on which numbers of a node depend."""
    used = libraries_of(node.func)
    return {name: version(name) for library, name in _DISTRIBUTIONS.items() if library in used}
