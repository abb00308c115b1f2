"""Who trains, validates and is to be predicted, as nodes take it."""

from functools import cached_property
from typing import Any

import pandas as pd
from kedro.utils import load_obj
from kedro_datasets._typing import TablePreview

from apparel_eye.data.subsets import Subsets
from apparel_eye.datasets import seal
from apparel_eye.datasets.csv_table import preview_of
from apparel_eye.datasets.sealed import SealedDataset


class SubsetsDataset(SealedDataset[pd.DataFrame, Subsets]):
    """A Parquet table that its schema checks at each load and save, and that is loaded as ``Subsets``.

    Args:
        filepath: where the file stands.
        schema: dotted name of the table's model.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(self, filepath: str, schema: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        self._schema_name = schema

    @cached_property
    def schema(self) -> Any:
        """Pandera's, of the table; loaded where it is used, since Pandera takes a while."""
        return load_obj(self._schema_name).to_schema()

    def save(self, data: pd.DataFrame) -> None:
        self.schema.validate(data)
        seal.write(self.path, lambda temporary: data.to_parquet(temporary, index=False))

    def _read(self) -> Subsets:
        return Subsets(self.schema.validate(pd.read_parquet(self.path)))

    def preview(self, nrows: int = 8) -> TablePreview:
        """For Kedro-Viz: the first rows."""
        return preview_of(self.load().table.head(nrows))
