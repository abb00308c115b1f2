import numpy as np
import pytest

from apparel_eye.checkpoint import Checkpoint, as_arrays, from_arrays


@pytest.fixture
def checkpoint() -> Checkpoint:
    weights = {epoch: {"head.weight": np.full((2, 3), epoch), "a/b": np.array(epoch)} for epoch in (0, 4, 11)}
    return Checkpoint(weights, {"best": 4, "last": 11, "best_without_0": 0}, {"backbone": "test_resnet"})


def test_flat_arrays_carry_the_epoch_before_the_name(checkpoint: Checkpoint) -> None:
    names = {"0/head.weight", "0/a/b", "4/head.weight", "4/a/b", "11/head.weight", "11/a/b"}
    assert set(as_arrays(checkpoint)) == names


def test_flattening_and_back_changes_nothing(checkpoint: Checkpoint) -> None:
    again = from_arrays(as_arrays(checkpoint), checkpoint.chosen, checkpoint.description)
    np.testing.assert_equal(vars(again), vars(checkpoint))


@pytest.mark.parametrize(("reason", "epoch"), [("best", 4), ("last", 11), ("best_without_0", 0)])
def test_weights_are_those_of_the_epoch_chosen_for_the_reason(checkpoint: Checkpoint, reason: str, epoch: int) -> None:
    assert checkpoint.of(reason) is checkpoint.weights[epoch]


def test_weights_are_the_best_where_nothing_was_chosen(checkpoint: Checkpoint) -> None:
    assert checkpoint.of("best_without_1") is checkpoint.weights[4]


def test_a_single_set_of_weights_is_the_best_the_last_and_each_other() -> None:
    weights = {"head.weight": np.zeros(3)}
    single = Checkpoint.single(weights, {})
    assert all(single.of(reason) is weights for reason in ("best", "last", "best_without_0"))
