import logging
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from apparel_eye.errors import SystemEnvironmentError
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.dropout import Dropout
from apparel_eye.parameters import PhaseParameters, TrainParameters
from apparel_eye.training import loop
from apparel_eye.training.stepper import Stepper, Task

NUM_PHOTOS = 9
Settings = tuple[PhaseParameters, TrainParameters]
Train = Callable[..., Iterator[Checkpoint]]


class Small(nn.Module):
    """A network with dropout that has no memory for more than so many photos at once."""

    def __init__(self, num_photos: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(Dropout(0.25), nn.Linear(4, 8), nn.ReLU(), Dropout(0.5), nn.Linear(8, 3))
        self.num_photos = num_photos
        self.seen: list[int] = []

    def forward(self, features: Tensor) -> Tensor:
        self.seen.append(len(features))
        if len(features) > self.num_photos:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        logits: Tensor = self.layers(features)
        return logits


@pytest.fixture
def small_task(make_task: Callable[..., Task]) -> Callable[[int], Task]:
    features = torch.rand(NUM_PHOTOS, 4, generator=torch.Generator().manual_seed(1))
    weights = torch.linspace(0.5, 1.5, NUM_PHOTOS)

    def made(num_photos: int) -> Task:
        targets = torch.eye(3)[torch.arange(NUM_PHOTOS) % 3]
        return make_task(Small(num_photos), lambda positions, epoch: features[positions], targets, weights=weights)

    return made


def gradients(task: Task, settings: Settings) -> tuple[float, list[Tensor]]:
    """The loss of a step on all photos, and its gradients."""
    task.model.train()
    rows = np.arange(NUM_PHOTOS)
    loss = Stepper(task, settings[1], 1e-3).take(task.read(rows), rows, epoch=2, step=5, rate=1e-3)
    return loss.item(), [parameter.grad.clone() for parameter in task.model.parameters()]


@pytest.mark.parametrize("accumulation", [1, 2, 4, 8, 9, 50])
def test_a_batch_in_parts_has_the_loss_and_the_gradients_of_the_whole(
    small_task: Callable[[int], Task], make_settings: Callable[..., Settings], accumulation: int
) -> None:
    loss, whole = gradients(small_task(NUM_PHOTOS), make_settings())
    of_parts, summed = gradients(
        task := small_task(-(-NUM_PHOTOS // accumulation)), make_settings(accumulation=accumulation)
    )
    assert of_parts == pytest.approx(loss, rel=1e-6)
    torch.testing.assert_close(summed, whole, rtol=1e-5, atol=1e-7)
    assert len(task.model.seen) == min(accumulation, NUM_PHOTOS)


def test_a_step_is_one_of_adamw_at_each_groups_rate(
    small_task: Callable[[int], Task], make_settings: Callable[..., Settings]
) -> None:
    task = small_task(NUM_PHOTOS)
    early, late = task.model.layers[1], task.model.layers[4]
    parameter_groups = [
        {"params": list(early.parameters()), "factor": 0.1},
        {"params": list(late.parameters()), "factor": 1.0},
    ]
    before = [parameter.detach().clone() for parameter in task.model.parameters()]
    _, found = gradients(Task(**{**vars(task), "parameter_groups": parameter_groups}), make_settings(weight_decay=0.5))
    for parameter, old, gradient, rate in zip(
        task.model.parameters(), before, found, (1e-4, 1e-4, 1e-3, 1e-3), strict=True
    ):
        # after one step Adam's moments are the gradient itself
        expected = old * (1 - rate * 0.5) - rate * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(parameter.detach(), expected)


@pytest.mark.parametrize("accumulation", [2, 4, 8])
def test_training_in_parts_is_training(
    fine_tune: Train, train: TrainParameters, short: PhaseParameters, accumulation: int
) -> None:
    *_, whole = fine_tune(short, train)
    *_, in_parts = fine_tune(short, train.model_copy(update={"accumulation": accumulation}))
    for name, array in whole.of("last").items():
        np.testing.assert_allclose(in_parts.of("last")[name], array, atol=5e-5)  # found: 1e-5, at a rate of 1e-2
    for row, expected in zip(in_parts.history, whole.history, strict=True):
        assert row["accumulation"] == accumulation
        assert {**row, "accumulation": 1, "seconds": 0} == pytest.approx({**expected, "seconds": 0}, rel=1e-5)


@pytest.mark.fault(108)
def test_where_memory_ends_batches_are_computed_in_parts_from_then_on(
    small_task: Callable[[int], Task], make_settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    settings = make_settings(batch_size=NUM_PHOTOS)
    task = small_task(2)
    rows = [event.row for event in loop.train(task, *settings)]
    by_hand = small_task(NUM_PHOTOS)
    expected = [event.row for event in loop.train(by_hand, *make_settings(batch_size=NUM_PHOTOS, accumulation=8))]
    assert [{**row, "seconds": 0} for row in rows] == [{**row, "seconds": 0} for row in expected]
    assert {row["accumulation"] for row in rows} == {8}
    np.testing.assert_equal(
        {name: tensor.numpy() for name, tensor in task.model.state_dict().items()},
        {name: tensor.numpy() for name, tensor in by_hand.model.state_dict().items()},
    )
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [warning for warning in warnings if "out of memory" in warning] == [
        "    out of memory with batches of 9: computing them in "
        f"{accumulation} shares from here on, as train.accumulation={accumulation} would"
        for accumulation in (2, 4, 8)
    ]
    assert task.model.seen[:4] == [9, 5, 3, 2]
    assert max(task.model.seen[4:]) == 2


@pytest.mark.fault(108)
def test_a_run_that_goes_on_computes_in_the_parts_that_it_had_found(
    small_task: Callable[[int], Task], make_settings: Callable[..., Settings]
) -> None:
    settings = make_settings(batch_size=5, save_every_steps=1)
    state = next(loop.train(small_task(2), *settings)).state
    assert state.notes["accumulation"] == 4
    task = small_task(2)
    rows = [event.row for event in loop.train(task, *settings, state) if event.row]
    assert {row["accumulation"] for row in rows} == {4}
    assert max(task.model.seen) <= 2


@pytest.mark.fault(108)
def test_a_photo_that_does_not_fit_into_memory_stops_the_run(
    small_task: Callable[[int], Task], make_settings: Callable[..., Settings]
) -> None:
    expected = r"head: photos do not fit .*not even 1 at a time.*Tried to allocate 2\.00 GiB.*; use a smaller size"
    with pytest.raises(SystemEnvironmentError, match=expected):
        next(loop.train(small_task(0), *make_settings()))


def test_other_errors_are_not_taken_for_a_lack_of_memory(
    make_task: Callable[..., Task], make_settings: Callable[..., Settings]
) -> None:
    def broken(positions: NDArray[np.intp], epoch: int) -> Tensor:
        raise RuntimeError("shapes do not match")

    task = make_task(nn.Linear(4, 3), broken, torch.eye(3))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        next(loop.train(task, *make_settings()))
