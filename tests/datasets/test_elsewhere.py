"""A table in a database stands where others are files."""

import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from kedro.io.core import DatasetError

from apparel_eye.datasets import ElsewhereDataset

TABLE = pd.DataFrame({"image_key": ["a/1.jpg", "a/2.jpg"], "value": ["1", "NA"], "width": [30, 40]})


@pytest.fixture
def kept(tmp_path: Path) -> ElsewhereDataset:
    definition = {
        "type": "pandas.SQLTableDataset",
        "table_name": "photos",
        "credentials": {"con": f"sqlite:///{tmp_path / 'shop.db'}"},
        "save_args": {"if_exists": "replace", "index": False},
    }
    return ElsewhereDataset(str(tmp_path / "manifest.json"), definition)


def test_a_table_is_loaded_as_it_was_saved(kept: ElsewhereDataset) -> None:
    kept.save(TABLE)
    pd.testing.assert_frame_equal(kept.load(), TABLE)


def test_equal_tables_are_equal_to_steps_and_others_are_not(kept: ElsewhereDataset) -> None:
    files = []
    for table in (TABLE, TABLE.copy(), TABLE[::-1], TABLE.assign(width=[30, 41]), TABLE.rename(columns={"value": "v"})):
        kept.save(table)
        files.append(kept.path.read_bytes())
    assert files[0] == files[1]
    assert len(set(files)) == 4


@pytest.mark.parametrize(
    "change", ["UPDATE photos SET width = 31 WHERE width = 30", "DELETE FROM photos WHERE width = 30"]
)
def test_what_others_have_changed_there_is_told(kept: ElsewhereDataset, tmp_path: Path, change: str) -> None:
    kept.save(TABLE)
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute(change)
    with pytest.raises(DatasetError, match=r"manifest\.json stands for is not what was saved there; delete that file"):
        kept.load()


def test_a_table_that_was_never_saved_is_told(kept: ElsewhereDataset) -> None:
    with pytest.raises(DatasetError, match="does not exist; run the pipeline that makes it"):
        kept.load()
