from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apparel_eye.checkpoint import Checkpoint, as_arrays
from apparel_eye.io import CheckpointDataset, WeightsDataset

WEIGHTS: dict[str, Any] = {
    "backbone.conv.weight": np.random.default_rng(0).normal(size=(2, 3, 1)).astype(np.float32),
    "backbone.bn.num_batches_tracked": np.array(7),
    "head.half": np.ones(3, dtype=np.float16),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "turned": np.arange(6.0).reshape(2, 3).T,
}


def assert_equal(found: Any, expected: Any) -> None:
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_weights_keep_names_types_and_shapes_also_of_single_numbers(tmp_path: Path) -> None:
    dataset = WeightsDataset(str(tmp_path / "weights.safetensors"))
    dataset.save(WEIGHTS)
    assert_equal(dataset.load(), WEIGHTS)
    assert dataset.load()["backbone.bn.num_batches_tracked"].shape == ()


def test_a_checkpoint_keeps_epochs_choices_and_description(tmp_path: Path) -> None:
    description = {"backbone": "test_resnet", "values": ["3/4 Sleeves", "ü"], "size": [32, 48], "mean": [0.1, 0.2]}
    other = {name: array + 1 for name, array in WEIGHTS.items()}
    checkpoint = Checkpoint({3: WEIGHTS, 12: other}, {"best": 3, "last": 12, "best_without_0": 3}, description)
    dataset = CheckpointDataset(str(tmp_path / "checkpoint.safetensors"))
    dataset.save(checkpoint)
    loaded = dataset.load()
    assert_equal(as_arrays(loaded), as_arrays(checkpoint))
    assert loaded.chosen == checkpoint.chosen
    assert loaded.description == description
    assert_equal(loaded.of("last"), other)
    assert_equal(loaded.of("best_without_0"), WEIGHTS)


@pytest.mark.parametrize("dataset_class", [WeightsDataset, CheckpointDataset])
def test_the_same_weights_give_the_same_bytes(tmp_path: Path, dataset_class: Any) -> None:
    data = WEIGHTS if dataset_class is WeightsDataset else Checkpoint.single(WEIGHTS, {"b": 1, "a": 2})
    for name in ("once", "again"):
        dataset_class(str(tmp_path / name)).save(data)
    assert (tmp_path / "once").read_bytes() == (tmp_path / "again").read_bytes()
