import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from apparel_eye.networks.checkpoint import Checkpoint, State, about, as_arrays, from_arrays


@pytest.fixture
def checkpoint() -> Checkpoint:
    weights = {epoch: {"head.weight": np.full((2, 3), epoch), "a/b": np.array(epoch)} for epoch in (0, 4, 11)}
    chosen = {"best": 4, "last": 11, "best_without_0": 0}
    return Checkpoint(weights, chosen, {"backbone": "test_resnet"}, [{"epoch": 1, "loss": 0.1}])


@pytest.fixture
def unfinished(checkpoint: Checkpoint) -> Checkpoint:
    arrays = {"model/head.weight": np.ones(3), "loss_sum": np.array(0.5)}
    return replace(checkpoint, state=State(arrays, {"epoch": 11, "step": 2, "merits": {"best": [0.1, -0.3]}}))


def test_flat_arrays_carry_the_epoch_before_the_name(unfinished: Checkpoint) -> None:
    names = {"0/head.weight", "0/a/b", "4/head.weight", "4/a/b", "11/head.weight", "11/a/b"}
    assert set(as_arrays(unfinished)) == {*names, "state/model/head.weight", "state/loss_sum"}


@pytest.mark.parametrize("kind", ["checkpoint", "unfinished"])
def test_flattening_and_back_changes_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    before: Checkpoint = request.getfixturevalue(kind)
    again = from_arrays(as_arrays(before), json.loads(json.dumps(about(before))))
    np.testing.assert_equal(asdict(again), asdict(before))


def test_a_state_without_arrays_comes_back_too(checkpoint: Checkpoint) -> None:
    before = replace(checkpoint, state=State({}, {"step": 2}))
    assert from_arrays(as_arrays(before), about(before)).state == before.state


def test_a_checkpoint_of_nothing_comes_back_too() -> None:
    nothing = Checkpoint({}, {})
    assert asdict(from_arrays(as_arrays(nothing), about(nothing))) == {**asdict(nothing), "history": []}


@pytest.mark.parametrize(("reason", "epoch"), [("best", 4), ("last", 11), ("best_without_0", 0)])
def test_weights_are_those_of_the_epoch_chosen_for_the_reason(checkpoint: Checkpoint, reason: str, epoch: int) -> None:
    assert checkpoint.of(reason) is checkpoint.weights[epoch]


def test_weights_are_the_best_where_nothing_was_chosen(checkpoint: Checkpoint) -> None:
    assert checkpoint.of("best_without_1") is checkpoint.weights[4]


def test_a_single_set_of_weights_is_the_best_the_last_and_each_other() -> None:
    weights = {"head.weight": np.zeros(3)}
    single = Checkpoint.single(weights, {})
    assert all(single.of(reason) is weights for reason in ("best", "last", "best_without_0"))
