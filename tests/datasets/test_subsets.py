from pathlib import Path

import pandas as pd
import pytest
from kedro.io.core import DatasetError
from pandera.errors import SchemaError
from photo_tables import subsets_of

from apparel_eye.datasets import SubsetsDataset, seal

SUBSETS = subsets_of(
    ["train", "validation", "unused", "to predict"],
    ["nyn", "nny", "nyn", ""],
    ["unseen", "short", "long"],
    [-1, 0, -1, -1],
)


@pytest.fixture
def dataset(tmp_path: Path) -> SubsetsDataset:
    made = SubsetsDataset(str(tmp_path / "subsets.parquet"), "apparel_eye.schemas.Subsets")
    made.save(SUBSETS.table)
    return made


def test_subsets_come_back_as_they_were_with_all_values(dataset: SubsetsDataset) -> None:
    loaded = dataset.load()
    pd.testing.assert_frame_equal(loaded.table, SUBSETS.table)
    assert loaded.values == ["unseen", "short", "long"]
    assert (loaded.train.tolist(), loaded.to_predict.tolist()) == ([0], [3])


def test_the_file_is_a_plain_table(dataset: SubsetsDataset) -> None:
    pd.testing.assert_frame_equal(pd.read_parquet(dataset.path), SUBSETS.table)
    assert seal.sha256_of(dataset.path) in seal.checksums_of(dataset.path)


def test_a_preview_has_nothing_where_no_value_is_known(dataset: SubsetsDataset) -> None:
    shown = dataset.preview(nrows=4)
    assert shown["columns"] == SUBSETS.table.columns.tolist()
    assert [row[1] for row in shown["data"]] == ["short", "long", "short", None]


def test_what_is_no_subset_is_refused_when_it_is_saved_and_when_it_is_loaded(dataset: SubsetsDataset) -> None:
    wrong = SUBSETS.table.assign(subset="test")
    with pytest.raises(DatasetError, match="subset") as refused:
        dataset.save(wrong)
    assert isinstance(refused.value.__cause__, SchemaError)
    pd.testing.assert_frame_equal(dataset.load().table, SUBSETS.table)
    seal.write(dataset.path, lambda temporary: wrong.to_parquet(temporary, index=False))
    with pytest.raises(DatasetError, match="subset"):
        dataset.load()
