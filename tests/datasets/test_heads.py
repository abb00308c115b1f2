import json
from pathlib import Path

import numpy as np
import pytest
from kedro.io.core import DatasetError

from apparel_eye.classifiers.registry import HEADS, Model
from apparel_eye.datasets import HeadDataset, HeadsDataset, WeightsDataset, notes

ARRAYS = {"coefficients": np.arange(6, dtype=np.float32).reshape(2, 3)}
JSON = json.dumps({"features": 3, "names": "größe"}, ensure_ascii=False)


def model_of(name: str) -> Model:
    return JSON if HEADS[name].suffix == ".json" else ARRAYS


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_loaded_as_it_was_saved_in_the_format_of_its_entry(tmp_path: Path, name: str) -> None:
    dataset = HeadDataset(str(tmp_path / name))
    dataset.save(model_of(name))
    np.testing.assert_equal(HeadDataset(str(tmp_path / name)).load(), model_of(name))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [f"{name}{HEADS[name].suffix}"]


def test_files_are_those_that_json_and_safetensors_make(tmp_path: Path) -> None:
    for name in HEADS:
        HeadDataset(str(tmp_path / name)).save(model_of(name))
    assert (tmp_path / "xgboost.json").read_text(encoding="utf-8") == JSON
    np.testing.assert_equal(WeightsDataset(str(tmp_path / "logistic.safetensors")).load(), ARRAYS)


@pytest.mark.parametrize("name", HEADS)
def test_a_damaged_head_is_refused(tmp_path: Path, name: str) -> None:
    dataset = HeadDataset(str(tmp_path / name))
    dataset.save(model_of(name))
    data = dataset.path.read_bytes()
    dataset.path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(DatasetError, match=rf"{dataset.path.name} is damaged"):
        dataset.load()


def test_heads_are_those_that_are_there(tmp_path: Path) -> None:
    assert HeadsDataset(str(tmp_path / "nowhere")).load() == {}
    for name in ("logistic", "bags"):
        HeadDataset(str(tmp_path / name)).save(model_of(name))
    np.testing.assert_equal(HeadsDataset(str(tmp_path)).load(), {"bags": JSON, "logistic": ARRAYS})


def test_another_head_changes_what_all_of_them_are(tmp_path: Path) -> None:
    heads = HeadsDataset(str(tmp_path))
    HeadDataset(str(tmp_path / "bags")).save(JSON)
    first = heads.fingerprint()
    HeadDataset(str(tmp_path / "logistic")).save(ARRAYS)
    second = heads.fingerprint()
    HeadDataset(str(tmp_path / "bags")).save(JSON + " ")
    assert first["bags"] == second["bags"] != heads.fingerprint()["bags"]
    assert set(second) - set(first) == {"logistic"}
    notes.place_of(tmp_path / "bags.json", notes.SEAL).unlink()
    assert heads.fingerprint()["bags"] is None
