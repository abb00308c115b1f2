from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog
from kedro.io.core import DatasetError
from pandera.typing import Series

from apparel_eye.chunks import TableChunk
from apparel_eye.datasets import CsvDataset, TableCsvDataset, TableDataset, seal
from apparel_eye.datasets.csv_table import read_csv
from apparel_eye.datasets.table import TableFile
from apparel_eye.pipeline_registry import register_pipelines
from apparel_eye.settings import CONFIG_LOADER_ARGS

LISTS = [
    ["1", "2", "10"], ["3.5", "1e3", "007"], ["NA", "None", "nan", "null", "N/A", ""], ["True", "False"],
    ["inf", "-inf"], ["2020-01-01"], ["3/4 Sleeves", "Ankle&Floor, long", 'a "b"', " ", "two\nlines", "ü"],
]  # fmt: skip
"""Texts that are something else to a reader who has no schema."""


class Fixed(pa.DataFrameModel):
    """A column of each type."""

    text: Series[str]
    whole: Series[int]
    share: Series[float] = pa.Field(nullable=True)
    sure: Series[bool]


class Anything(Fixed):
    """And columns that are known by a pattern only."""

    each: Series[float] = pa.Field(alias=r"^of .+", regex=True)


def table_of(texts: list[str]) -> pd.DataFrame:
    """A row for each text, with numbers that are not all the same."""
    numbers = range(1, len(texts) + 1)
    return pd.DataFrame(
        {
            "text": pd.Series(texts, dtype="str"),
            "whole": list(numbers),
            "share": [None if number % 2 else 0.1 * number for number in numbers],
            "sure": [number % 2 == 0 for number in numbers],
            "of NA": [1 / number for number in numbers],
        }
    ).astype({"whole": "int64", "share": "float64", "sure": "bool", "of NA": "float64"})


@pytest.mark.fault(52, 84)
@pytest.mark.parametrize("texts", LISTS, ids=lambda texts: texts[0])
def test_a_table_is_loaded_as_it_was_saved(tmp_path: Path, texts: list[str]) -> None:
    dataset = CsvDataset(str(tmp_path / "table.csv"), f"{__name__}.Anything")
    dataset.save(table_of(texts))
    pd.testing.assert_frame_equal(dataset.load(), table_of(texts), check_exact=True)
    seal.check(dataset.path)


def test_without_a_header_the_columns_are_the_schemas(tmp_path: Path) -> None:
    table = table_of(["NA", "2"]).drop(columns="of NA")
    dataset = CsvDataset(str(tmp_path / "table.csv"), f"{__name__}.Fixed", header=False)
    dataset.save(table)
    assert dataset.path.read_text() == "NA,1,,False\n2,2,0.2,True\n"
    pd.testing.assert_frame_equal(dataset.load(), table)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_no_text_is_changed(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    table = table_of(texts)
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    pd.testing.assert_frame_equal(read_csv(path, Anything.to_schema()), table, check_exact=True)


def test_a_table_without_rows_keeps_its_types(tmp_path: Path) -> None:
    dataset = CsvDataset(str(tmp_path / "table.csv"), f"{__name__}.Anything")
    dataset.save(table_of([]))
    pd.testing.assert_frame_equal(dataset.load(), table_of([]))


def test_a_preview_has_the_first_rows_as_they_are(tmp_path: Path) -> None:
    dataset = CsvDataset(str(tmp_path / "table.csv"), f"{__name__}.Anything")
    dataset.save(table_of(["NA", "2", "10"]))
    preview: Any = dataset.preview(nrows=2)
    assert preview["columns"] == ["text", "whole", "share", "sure", "of NA"]
    assert preview["data"] == [["NA", 1, None, False, 1.0], ["2", 2, 0.2, True, 0.5]]


def test_a_table_that_breaks_its_schema_is_neither_saved_nor_loaded(tmp_path: Path) -> None:
    dataset = CsvDataset(str(tmp_path / "table.csv"), f"{__name__}.Anything")
    with pytest.raises(DatasetError, match="'text' not in dataframe"):
        dataset.save(table_of(["a"]).drop(columns="text"))
    assert not dataset.exists()
    dataset.save(table_of(["a"]))
    with pytest.raises(DatasetError, match="column 'text' not in DataFrameSchema"):
        CsvDataset(str(tmp_path / "table.csv"), "apparel_eye.schemas.Overview").load()


def csv_entries(project: Path, data: Path) -> Iterator[tuple[str, Any]]:
    """Every table of text that a pipeline writes."""
    loader = OmegaConfigLoader(
        str(project / "conf"), env="base", runtime_params={"data": str(data)}, **CONFIG_LOADER_ARGS
    )
    catalog = DataCatalog.from_config(
        {name: entry for name, entry in loader["catalog"].items() if not name.startswith("_")}
    )
    for name in sorted({name for pipeline in register_pipelines().values() for name in pipeline.all_outputs()}):
        dataset = catalog.get(name)
        if dataset.path.suffix in (".csv", ".tsv"):
            yield name, dataset


EXAMPLES = {r"^rate_\d+$": "rate_1", r"^.+_(low|high)$": "accuracy_low", "^probability of ": "probability of NA"}
"""A column for each pattern."""
CELLS = {"dimension": "NA_labels", "probabilities": "0.5000000000;0.5000000000"}
"""Of columns whose form is fixed."""


def hostile_table(schema: Any, texts: list[str]) -> pd.DataFrame:
    """Rows with these texts wherever a schema lets a column have them."""
    columns = {}
    for name, column in schema.columns.items():
        numbers = {"i": range(1, len(texts) + 1), "f": [1 / 3] * len(texts), "b": [True] * len(texts)}
        allowed = [check.statistics["allowed_values"][0] for check in column.checks if check.name == "isin"]
        free = [CELLS[name]] * len(texts) if name in CELLS else allowed * len(texts) or texts
        columns[EXAMPLES.get(name, name)] = numbers.get(getattr(column.dtype.type, "kind", ""), free)
    return pd.DataFrame(columns)


@pytest.mark.fault(52, 84)
def test_no_csv_of_the_catalog_loses_text(project: Path, tmp_path: Path) -> None:
    entries = dict(csv_entries(project, tmp_path))
    assert {"category_overview", "findings", "predictions_csv", "submission", "plain_submission"} <= set(entries)
    for name, dataset in entries.items():
        assert isinstance(dataset, CsvDataset | TableCsvDataset), f"{name} is a CSV that knows no types: use CsvDataset"
        for texts in LISTS[:4]:
            table = hostile_table(dataset.schema, texts)
            dataset.save(table if isinstance(dataset, CsvDataset) else as_file(table, tmp_path))
            decimals = 1e-8 if isinstance(dataset, TableCsvDataset) else 0
            pd.testing.assert_frame_equal(dataset.load(), table, rtol=0, atol=decimals, obj=name)


def as_file(table: pd.DataFrame, folder: Path) -> TableFile:
    """The same rows in a file that is read a part at a time."""
    dataset = TableDataset(str(folder / "table.parquet"))
    dataset.save(TableChunk(0, len(table), table))
    return dataset.load()
