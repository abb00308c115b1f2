"""Tables on disk, larger than memory if need be, that a killed run goes on with."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from kedro.utils import load_obj
from kedro_datasets._typing import TablePreview

from apparel_eye.chunks import TableChunk
from apparel_eye.datasets import seal
from apparel_eye.datasets.csv_table import preview_of, read_csv
from apparel_eye.datasets.sealed import EarlierDataset, ResumableDataset, SealedDataset
from apparel_eye.datasets.storage import wrapped_errors
from apparel_eye.errors import DataError

_SUFFIX = ".parquet"


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
        rows: list[pd.DataFrame] = []
        for chunk in self.chunks():
            rows.append(chunk.rows)
            if chunk.stop >= num_rows:
                break
        return pd.concat(rows).head(num_rows)


class TableDataset(ResumableDataset[TableChunk, TableFile]):
    """A Parquet table; saves part after part until it is whole.

    Parts that are written stand in ``<file>.parts/``, each whole and sealed, until the last one is there; then they are
    joined to the file. A kill loses the part under way.

    Args:
        filepath: where the file stands.
        schema: dotted name of the model that checks each part; none: anything goes.
        metadata: for hooks and Kedro-Viz.
    """

    on_change = "predict.on_change"

    def __init__(self, filepath: str, schema: str = "", metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        self._schema: Any = load_obj(schema) if schema else None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, and the parts of one that is under way."""
        return (self.path, *self._chunks())

    def save(self, data: TableChunk) -> None:
        if data.start == 0:
            self.forget()
        if self._schema is not None:
            self._schema.validate(data.rows)
        chunk = self._folder / f"{data.start:012d}{_SUFFIX}"
        seal.write(chunk, lambda temporary: data.rows.to_parquet(temporary, index=False))
        if data.stop == data.num_rows:
            seal.write(self.path, self._join)
            self.forget()

    def is_unfinished(self) -> bool:
        """Whether there are parts, and no table was made of them after the last."""
        chunks = self._chunks()
        if not chunks:
            return False
        return not (self.is_complete() and self.path.stat().st_mtime_ns >= chunks[-1].stat().st_mtime_ns)

    def is_complete(self) -> bool:
        """Whether a table stands there, undamaged."""
        return self.path.exists() and seal.sha256_of(self.path) in seal.checksums_of(self.path)

    def forget(self) -> None:
        """Remove the parts; a finished table stays."""
        with wrapped_errors(self._folder, "removed"), suppress(FileNotFoundError):
            shutil.rmtree(self._folder)

    def num_rows_done(self) -> int:
        """Rows of the parts from the first on that are whole."""
        done = 0
        for chunk in self._chunks():
            if int(chunk.stem) != done:
                break
            with suppress(DataError, OSError, pa.ArrowException):
                seal.check(chunk)
                done += pq.read_metadata(chunk).num_rows
        return done

    def preview(self, nrows: int = 8) -> TablePreview:
        """For Kedro-Viz: the first rows."""
        return preview_of(self.load().head(nrows))

    @property
    def _folder(self) -> Path:
        return self.path.with_name(f"{self.path.name}.parts")

    def _chunks(self) -> list[Path]:
        return sorted(self._folder.glob(f"[0-9]*{_SUFFIX}"))

    def _join(self, whole: Path) -> None:
        writer = None
        try:
            for chunk in self._chunks():
                seal.check(chunk)
                rows = pq.read_table(chunk)
                writer = writer or pq.ParquetWriter(whole, rows.schema)
                writer.write_table(rows)
        finally:
            if writer is not None:
                writer.close()

    def _read(self) -> TableFile:
        return TableFile(self.path)


class EarlierTableDataset(EarlierDataset[TableDataset, int]):
    """How many rows an unfinished table has already."""

    written_by = TableDataset

    def load(self) -> int:
        return self._file.num_rows_done()


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
