"""Tables as CSV, a format without types: what is text is told by the table's schema."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.utils import load_obj
from kedro_datasets._typing import TablePreview
from pandas.api.types import is_float_dtype

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import SealedDataset


class CsvDataset(SealedDataset[pd.DataFrame, pd.DataFrame]):
    """A CSV file that its schema checks at each load and save; it is loaded as it was saved.

    Args:
        filepath: where the file stands.
        schema: dotted name of the table's model.
        header: whether the first line has the names of the columns; without it they are the schema's.
        handed_in: as of ``SealedDataset``.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(
        self,
        filepath: str,
        schema: str,
        header: bool = True,
        handed_in: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath, metadata)
        self.handed_in = handed_in
        self._schema_name, self._header = schema, header

    @cached_property
    def schema(self) -> Any:
        """Pandera's, of the table; loaded where it is used, since Pandera takes a while."""
        return load_obj(self._schema_name).to_schema()

    def save(self, data: pd.DataFrame) -> None:
        self.schema.validate(data)
        seal.write(
            self.path,
            lambda temporary: data.to_csv(
                temporary, index=False, header=self._header, encoding="utf-8", lineterminator="\n"
            ),
        )

    def _read(self) -> pd.DataFrame:
        table: pd.DataFrame = self.schema.validate(read_csv(self.path, self.schema, self._header))
        return table

    def preview(self, nrows: int = 8) -> TablePreview:
        """For Kedro-Viz: the first rows."""
        return preview_of(read_csv(self.path, self.schema, self._header, nrows))


def read_csv(path: Path, schema: Any, header: bool = True, num_rows: int | None = None) -> pd.DataFrame:
    """A table as it was saved: text stays text, also where it reads like a number, a truth or nothing.

    Args:
        path: of a CSV file in UTF-8.
        schema: Pandera's, with the types of all columns.
        header: whether the first line has the names of the columns; without it they are the schema's.
        num_rows: to read; None: all.
    """
    names = list(pd.read_csv(path, nrows=0, lineterminator="\n") if header else schema.columns)
    types = {name: of.type for name, of in schema.get_dtypes(pd.DataFrame(columns=names)).items() if name in names}
    return pd.read_csv(
        path,
        header=0 if header else None,
        names=names,
        dtype=types,
        keep_default_na=False,  # NA and null are texts like others
        na_values={name: [""] for name, of in types.items() if is_float_dtype(of)},
        float_precision="round_trip",
        lineterminator="\n",  # a carriage return, which a file's name may have, ends no line
        nrows=num_rows,
        encoding="utf-8",
    )


def preview_of(table: pd.DataFrame) -> TablePreview:
    """Rows for Kedro-Viz, which knows no NaN and tells by the type of the answer what is shown."""
    return TablePreview(table.astype(object).where(table.notna(), None).to_dict(orient="split"))
