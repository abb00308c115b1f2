from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io.core import DatasetError
from safetensors.numpy import save_file

from apparel_eye.datasets import CheckpointDataset, EarlierDataset, WeightsDataset, seal
from apparel_eye.errors import DataError
from apparel_eye.networks.checkpoint import Checkpoint, State, about, as_arrays

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


def unfinished(step: int) -> Checkpoint:
    state = State({"moments": np.full(1000, step)}, {"step": step})
    return Checkpoint({1: WEIGHTS}, {"best": 1, "last": 1}, {"a": 1}, [{"epoch": 1, "loss": 0.1}], state)


FINISHED = Checkpoint.single(WEIGHTS, {"a": 1})


class Training:
    """The file of a checkpoint as the node that writes it sees it, and as a later run does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "small.safetensors"
        self.before = folder / "small.before.safetensors"
        self.dataset = CheckpointDataset(str(self.path))
        self.earlier = EarlierDataset({"type": CheckpointDataset, "filepath": str(self.path)})

    def step(self) -> int | None:
        """The step that a later run goes on from."""
        state = self.earlier.load().state
        return None if state is None else state.notes["step"]

    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir() if path.name != ".seals"}


@pytest.fixture
def training(tmp_path: Path) -> Training:
    return Training(tmp_path)


def test_a_state_comes_back_with_weights_and_history(training: Training) -> None:
    training.dataset.save(unfinished(3))
    for loaded in (training.dataset.load(), training.earlier.load()):
        assert_equal(as_arrays(loaded), as_arrays(unfinished(3)))
        assert about(loaded) == about(unfinished(3))


def test_a_state_without_arrays_is_a_state(training: Training) -> None:
    training.dataset.save(Checkpoint({}, {}, state=State({}, {"step": 0})))
    assert training.dataset.is_unfinished()
    assert training.step() == 0


def test_the_last_two_states_are_kept_until_training_has_finished(training: Training) -> None:
    assert training.step() is None
    for step in range(1, 5):
        training.dataset.save(unfinished(step))
        assert training.step() == step
        before = CheckpointDataset(str(training.before)).earlier().state
        assert (before and before.notes["step"]) == (step - 1 or None)
    assert training.files() == {"small.safetensors", "small.before.safetensors"}
    training.dataset.save(FINISHED)
    assert training.files() == {"small.safetensors"}
    assert {path.name for path in training.folder.iterdir()} == {".seals", "small.safetensors"}
    assert training.step() is None
    assert_equal(training.dataset.load().of("best"), WEIGHTS)


def test_a_finished_checkpoint_is_not_kept_beside_the_first_state_of_new_training(training: Training) -> None:
    training.dataset.save(FINISHED)
    training.dataset.save(unfinished(1))
    assert training.files() == {"small.safetensors"}


def damage(path: Path, position: int = -5) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("position", [3, 20, -5], ids=["length", "header", "arrays"])
def test_a_damaged_state_is_told_and_the_one_before_it_is_used(
    training: Training, position: int, caplog: pytest.LogCaptureFixture
) -> None:
    for step in (1, 2):
        training.dataset.save(unfinished(step))
    damage(training.path, position)
    assert training.step() == 1
    assert f"{training.path} is damaged" in caplog.text
    assert "the state before it is used" in caplog.text


def test_a_damaged_state_never_takes_the_place_of_the_whole_one_before_it(training: Training) -> None:
    for step in (1, 2):
        training.dataset.save(unfinished(step))
    damage(training.path)
    training.dataset.save(unfinished(3))
    damage(training.path)
    assert training.step() == 1


def test_where_all_states_are_damaged_there_is_none(training: Training, caplog: pytest.LogCaptureFixture) -> None:
    for step in (1, 2):
        training.dataset.save(unfinished(step))
    damage(training.path)
    damage(training.before)
    assert training.step() is None
    assert caplog.text.count("is damaged") == 2


@pytest.mark.parametrize("header", [{}, {"checkpoint": "{"}, {"checkpoint": "[]"}, {"checkpoint": '{"chosen": {}}'}])
def test_a_sealed_file_of_another_version_is_no_checkpoint(training: Training, header: dict[str, str]) -> None:
    seal.write(training.path, lambda path: save_file({"0/a": np.zeros(2)}, path, metadata=header))
    assert training.step() is None
    assert not training.dataset.is_unfinished()
    with pytest.raises(DatasetError) as caught:
        training.dataset.load()
    assert isinstance(caught.value.__cause__, DataError)


def test_to_forget_removes_states_and_leaves_what_is_finished(training: Training) -> None:
    training.dataset.forget()
    for step in (1, 2):
        training.dataset.save(unfinished(step))
    assert training.dataset.is_unfinished()
    training.dataset.forget()
    assert [path.name for path in training.folder.rglob("*")] == [".seals"]
    training.dataset.save(FINISHED)
    training.dataset.forget()
    assert_equal(training.dataset.load().of("best"), WEIGHTS)


def test_complete_is_only_a_whole_finished_checkpoint(training: Training) -> None:
    assert not training.dataset.is_complete()
    training.dataset.save(unfinished(1))
    assert not training.dataset.is_complete()
    training.dataset.save(FINISHED)
    assert training.dataset.is_complete()
    damage(training.path)
    assert not training.dataset.is_complete()


def test_what_a_run_goes_on_from_is_only_read_and_never_a_reason_to_run_again(training: Training) -> None:
    with pytest.raises(DatasetError, match="only read"):
        training.earlier.save(FINISHED)  # type: ignore[arg-type]
    before = training.earlier.fingerprint()
    training.dataset.save(unfinished(1))
    assert training.earlier.fingerprint() == before


def test_others_may_read_the_file_as_they_may_any_other(training: Training) -> None:
    training.dataset.save(FINISHED)
    (training.folder / "other").write_text("x")
    assert training.path.stat().st_mode == (training.folder / "other").stat().st_mode
