"""Tables that lie in no file of ours, as in a database."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro.io.core import parse_dataset_definition

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import SealedDataset
from apparel_eye.errors import DataError


class ElsewhereDataset(SealedDataset[pd.DataFrame, pd.DataFrame]):
    """Any dataset of Kedro's that keeps a pandas table, as ``pandas.SQLTableDataset``; a file stands for it here.

    The file has the checksum of the table as it is loaded. So steps know what they are made from, and what others have
    changed there is told.

    Args:
        filepath: of the file that stands for the table.
        dataset: the definition of the dataset that keeps it.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(self, filepath: str, dataset: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        kind, settings = parse_dataset_definition(dataset)
        self._kept: AbstractDataset[Any, Any] = kind(**settings)

    def save(self, data: pd.DataFrame) -> None:
        self._kept.save(data)
        stands = json.dumps({"kept by": type(self._kept).__name__, "sha256": _checksum_of(self._kept.load())})
        seal.write(self.path, lambda temporary: _write(temporary, stands))

    def _read(self) -> pd.DataFrame:
        table: pd.DataFrame = self._kept.load()
        if _checksum_of(table) != json.loads(self.path.read_text(encoding="utf-8"))["sha256"]:
            raise DataError(
                f"the table that {self.path} stands for is not what was saved there; delete that file, and the step "
                "that makes the table saves it again"
            )
        return table

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "dataset": type(self._kept).__name__}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _checksum_of(table: pd.DataFrame) -> str:
    """Of names, types and all rows in their order."""
    digest = hashlib.sha256(json.dumps({str(name): str(kind) for name, kind in table.dtypes.items()}).encode())
    digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()
