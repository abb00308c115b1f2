"""What the results of a node are made from: the code that it reaches, its parameters and the files that it reads.

What a dataset writes is not among it: newer code of a dataset reads what older code wrote, which its tests hold.
"""

import hashlib
import json
from typing import Any

from kedro.io import DataCatalog
from kedro.pipeline.node import Node
from pydantic import BaseModel

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import SealedDataset
from apparel_eye.execution.reach import checksum_of


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
