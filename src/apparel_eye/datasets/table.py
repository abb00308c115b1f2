"""Tables on disk, larger than memory if need be, that a killed run goes on with."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
from kedro.utils import load_obj
from kedro_datasets._typing import TablePreview

from apparel_eye.chunks import TableChunk
from apparel_eye.datasets import seal
from apparel_eye.datasets.csv_table import preview_of, read_csv
from apparel_eye.datasets.growing import Done, GrowingDataset
from apparel_eye.datasets.sealed import SealedDataset


@dataclass(frozen=True)
class TableFile:
    """A Parquet file, read a part at a time."""

    path: Path

    @property
    def num_rows(self) -> int:
        """How many there are."""
        rows: int = pq.read_metadata(self.path).num_rows
        return rows

    def chunks(self) -> Iterator[TableChunk]:
        """All rows, as they were written."""
        start = 0
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group).to_pandas()
                yield TableChunk(start, file.metadata.num_rows, rows)
                start += len(rows)

    def head(self, num_rows: int) -> pd.DataFrame:
        """The first rows."""
        rows: pd.DataFrame = pa.dataset.dataset(self.path).head(num_rows).to_pandas()
        return rows


class TableDataset(GrowingDataset[pd.DataFrame, TableFile]):
    """A Parquet table; the parts are Arrow's streams until the last one is there, then they are written as one table.

    Args:
        filepath: where the file stands.
        schema: dotted name of the model that checks each part; none: anything goes.
        on_change: as of ``GrowingDataset``.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(
        self, filepath: str, schema: str = "", on_change: str = "", metadata: dict[str, Any] | None = None
    ) -> None:
        super().__init__(filepath, on_change, metadata)
        self._schema: Any = load_obj(schema) if schema else None

    def preview(self, nrows: int = 8) -> TablePreview:
        """For Kedro-Viz: the first rows."""
        return preview_of(self.load().head(nrows))

    def _begin(self, first: TableChunk) -> tuple[bytes, int]:
        return b"", 0

    def _encode(self, rows: pd.DataFrame) -> memoryview:
        if self._schema is not None:
            self._schema.validate(rows)
        table, sink = pa.Table.from_pandas(rows, preserve_index=False), pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return memoryview(sink.getvalue())

    def _finish(self, done: Done) -> None:
        def write_to(whole: Path) -> None:
            with pa.OSFile(str(self._growing)) as parts, ExitStack() as stack:
                writer, num_rows = None, 0
                while writer is None or num_rows < done.num_rows:  # a killed save may have left more
                    rows = pa.ipc.open_stream(parts).read_all()
                    writer = writer or stack.enter_context(pq.ParquetWriter(whole, rows.schema))
                    writer.write_table(rows)
                    num_rows += len(rows)

        seal.write(self.path, write_to)

    def _read(self) -> TableFile:
        return TableFile(self.path)


class TableCsvDataset(SealedDataset[TableFile, pd.DataFrame]):
    """The same rows as CSV, for spreadsheets.

    Args:
        filepath: where the file stands.
        schema: dotted name of the model of its rows.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(self, filepath: str, schema: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        self.schema: Any = load_obj(schema).to_schema()

    def save(self, data: TableFile) -> None:
        def write_to(temporary: Path) -> None:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                for chunk in data.chunks():
                    chunk.rows.to_csv(
                        file, index=False, header=chunk.start == 0, float_format="%.8f", lineterminator="\n"
                    )

        seal.write(self.path, write_to)

    def _read(self) -> pd.DataFrame:
        return read_csv(self.path, self.schema)

    def preview(self, nrows: int = 8) -> TablePreview:
        """For Kedro-Viz: the first rows."""
        return preview_of(read_csv(self.path, self.schema, num_rows=nrows))
