from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from kedro.io.core import DatasetError
from pandera.typing import Series

from apparel_eye.chunks import TableChunk
from apparel_eye.datasets import TableCsvDataset, TableDataset, seal

TABLE = pd.DataFrame(
    {"photo": [f"{number},\u00e9.jpg" for number in range(7)], "confidence": [0.125, None] * 3 + [1.0]}
)


class Rows(pa.DataFrameModel):
    """What that table has."""

    photo: Series[str]
    confidence: Series[float] = pa.Field(nullable=True)


def parts(size: int, first: int = 0) -> Iterator[TableChunk]:
    for start in range(first, len(TABLE), size):
        yield TableChunk(start, len(TABLE), TABLE.iloc[start : start + size].reset_index(drop=True))


@pytest.fixture
def dataset(tmp_path: Path) -> TableDataset:
    return TableDataset(str(tmp_path / "made" / "table.parquet"), on_change="predict.on_change")


def again(dataset: TableDataset) -> TableDataset:
    """The same file in another run."""
    return TableDataset(str(dataset.path), on_change=dataset.on_change)


def save(dataset: TableDataset, some: Iterator[TableChunk]) -> None:
    for part in some:
        dataset.save(part)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_a_table_is_what_its_parts_were(dataset: TableDataset, size: int) -> None:
    save(dataset, parts(size))
    table = dataset.load()
    pd.testing.assert_frame_equal(pd.read_parquet(dataset.path), TABLE)
    pd.testing.assert_frame_equal(table.head(5).reset_index(drop=True), TABLE.head(5))
    assert [part.start for part in table.chunks()] == list(range(0, 7, size))
    assert table.num_rows == 7
    assert sorted(path.name for path in dataset.path.parent.iterdir()) == [".seals", "table.parquet"]


def test_no_table_stands_there_before_its_last_part(dataset: TableDataset) -> None:
    for part in parts(3):
        assert not dataset.exists()
        assert dataset.is_unfinished() == (part.start > 0)
        dataset.save(part)
    assert dataset.exists()
    assert not dataset.is_unfinished()
    assert dataset.is_complete()


@pytest.mark.parametrize("num_saved", [0, 1, 2])
def test_what_was_written_before_a_kill_is_gone_on_with(dataset: TableDataset, num_saved: int) -> None:
    for part, _ in zip(parts(3), range(num_saved), strict=False):
        dataset.save(part)
    done = again(dataset).earlier()
    assert done == 3 * num_saved
    save(again(dataset), parts(3, first=done))
    whole = TableDataset(str(dataset.path.with_name("whole.parquet")))
    save(whole, parts(3))
    assert dataset.path.read_bytes() == whole.path.read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(dataset.path), TABLE)


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_damaged_part_and_those_after_it_are_made_again(dataset: TableDataset, damaged: int) -> None:
    for part, _ in zip(parts(2), range(3), strict=False):
        dataset.save(part)
    growing = dataset.files[1]
    content = bytearray(growing.read_bytes())
    content[len(content) // 3 * damaged + 200] ^= 1
    growing.write_bytes(content)
    assert again(dataset).earlier() == 2 * damaged
    save(again(dataset), parts(2, first=2 * damaged))
    pd.testing.assert_frame_equal(pd.read_parquet(dataset.path), TABLE)


def test_the_first_part_begins_a_table_anew(dataset: TableDataset) -> None:
    dataset.save(next(parts(2)))
    save(dataset, parts(3))
    assert dataset.load().num_rows == 7


def test_what_a_killed_save_left_behind_the_last_part_is_no_row(dataset: TableDataset) -> None:
    for part, _ in zip(parts(3), range(2), strict=False):
        dataset.save(part)
    with dataset.files[1].open("ab") as growing:
        growing.write(growing.name.encode() * 1000)
    save(again(dataset), parts(3, first=6))
    pd.testing.assert_frame_equal(pd.read_parquet(dataset.path), TABLE)


def test_a_table_without_rows_keeps_its_columns(dataset: TableDataset) -> None:
    dataset.save(TABLE[:0])
    pd.testing.assert_frame_equal(dataset.load().head(3), TABLE[:0])
    assert dataset.load().num_rows == 0


def test_a_part_that_breaks_the_schema_is_not_written(tmp_path: Path) -> None:
    dataset = TableDataset(str(tmp_path / "table.parquet"), schema="apparel_eye.schemas.Predictions")
    with pytest.raises(DatasetError, match="'value' not in dataframe"):
        dataset.save(next(parts(3)))
    assert not dataset.is_unfinished()


def test_a_damaged_table_is_refused(dataset: TableDataset) -> None:
    save(dataset, parts(3))
    dataset.path.write_bytes(dataset.path.read_bytes()[:-1])
    assert not dataset.is_complete()
    with pytest.raises(DatasetError, match="is damaged"):
        dataset.load()


def test_the_same_rows_stand_in_the_csv(dataset: TableDataset, tmp_path: Path) -> None:
    save(dataset, parts(3))
    as_csv = TableCsvDataset(str(tmp_path / "table.csv"), f"{__name__}.Rows")
    as_csv.save(dataset.load())
    pd.testing.assert_frame_equal(as_csv.load(), TABLE)
    seal.check(as_csv.path)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_preview_has_the_first_rows(dataset: TableDataset, tmp_path: Path, kind: str) -> None:
    save(dataset, parts(3))
    shown: Any = dataset
    if kind == "csv":
        shown = TableCsvDataset(str(tmp_path / "table.csv"), f"{__name__}.Rows")
        shown.save(dataset.load())
    preview = shown.preview(nrows=2)
    assert preview["columns"] == ["photo", "confidence"]
    assert [row[0] for row in preview["data"]] == TABLE["photo"].tolist()[:2]
