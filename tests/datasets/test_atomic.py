from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io.core import DatasetError
from matplotlib.figure import Figure

from apparel_eye.datasets import AtomicDataset
from apparel_eye.datasets.atomic import FORMATS

TABLE = pd.DataFrame(
    {"name": ["3/4 Sleeves", "Ankle&Floor, long", 'a "b"'], "count": [1, 2, 3], "share": [0.1, 1e-9, 1]}
)


@pytest.mark.parametrize("kind", ["ParquetDataset", "CSVDataset"])
def test_a_table_comes_back_as_it_was(tmp_path: Path, kind: str) -> None:
    save_args = {"index": False} if kind == "CSVDataset" else {}
    dataset = AtomicDataset(str(tmp_path / "table"), {"type": f"pandas.{kind}", "save_args": save_args})
    dataset.save(TABLE)
    pd.testing.assert_frame_equal(dataset.load(), TABLE)


@pytest.mark.parametrize("data", [{"a": {"b": 0.1}}, ["3/4 Length", "ü"], {}])
def test_json_comes_back_as_it_was(tmp_path: Path, data: Any) -> None:
    dataset = AtomicDataset(str(tmp_path / "data.json"), {"type": "json.JSONDataset"})
    dataset.save(data)
    assert dataset.load() == data


def test_the_ending_says_the_format_and_another_one_is_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(name: str, data: Any) -> AtomicDataset:
        dataset = AtomicDataset(str(tmp_path / name))
        dataset.save(data)
        return dataset

    for name, data in (("a.json", {"a": ["3/4"]}), ("a.md", "# Title")):
        assert save(name, data).load() == data
    pd.testing.assert_frame_equal(pd.read_parquet(save("a.parquet", TABLE).path), TABLE)
    with pytest.raises(ValueError, match=r"a\.csv needs a `dataset`; endings that need none are \.json, \.md, "):
        save("a.csv", TABLE)
    monkeypatch.setitem(FORMATS, ".csv", {"type": "pandas.CSVDataset", "save_args": {"index": False}})
    pd.testing.assert_frame_equal(save("a.csv", TABLE).load(), TABLE)


def test_a_figure_is_written_as_a_picture(tmp_path: Path) -> None:
    dataset = AtomicDataset(str(tmp_path / "figure.png"), {"type": "matplotlib.MatplotlibDataset"})
    dataset.save(Figure())
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".seals", "figure.png"]


def test_data_that_the_format_cannot_hold_leaves_the_old_file(tmp_path: Path) -> None:
    dataset = AtomicDataset(str(tmp_path / "data.json"), {"type": "json.JSONDataset"})
    dataset.save([1])
    with pytest.raises(DatasetError, match="not JSON serializable"):
        dataset.save([object()])
    assert dataset.load() == [1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".seals", "data.json"]


def test_the_wrapped_dataset_gives_the_preview(tmp_path: Path) -> None:
    dataset = AtomicDataset(str(tmp_path / "table.csv"), {"type": "pandas.CSVDataset", "save_args": {"index": False}})
    dataset.save(TABLE)
    preview = dataset.preview(nrows=2)
    assert [row[0] for row in preview["data"]] == ["3/4 Sleeves", "Ankle&Floor, long"]
