import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import nn

from apparel_eye.errors import DivergedError
from apparel_eye.networks.dropout import Dropout
from apparel_eye.parameters import FinderParameters, PhaseParameters, TrainParameters
from apparel_eye.training.rate_finder import Sweep, suggest_rate, sweep_rates
from apparel_eye.training.stepper import Stepper, Task

Settings = tuple[PhaseParameters, TrainParameters]
FINDER = FinderParameters(start=1e-4, end=10.0, num_steps=50, smoothing=0.9, stop_at=4.0)


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(batch_size=4)


@pytest.fixture
def task(make_task: Callable[..., Task]) -> Task:
    """Three clouds of points that a network with batch norm and dropout tells apart."""
    torch.manual_seed(1)
    classes = torch.arange(24) % 3
    points = torch.eye(3)[classes] * 2 + torch.randn(24, 3) * 0.3
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), Dropout(0.2), nn.Linear(8, 3))
    parameter_groups = [
        {"params": list(model[0].parameters()), "factor": 0.1},
        {"params": [*model[1].parameters(), *model[4].parameters()], "factor": 1.0},
    ]
    return make_task(
        model, lambda positions, epoch: points[positions], torch.eye(3)[classes], parameter_groups=parameter_groups
    )


def sweep(task: Task, settings: Settings, finder: FinderParameters) -> Sweep:
    return sweep_rates(task, settings[1], finder)


def test_rates_grow_by_one_factor_from_the_start_towards_the_end(task: Task, settings: Settings) -> None:
    rows = sweep(task, settings, FINDER.model_copy(update={"stop_at": 1e9}))
    rates = np.array([row["learning_rate"] for row in rows])
    assert [row["step"] for row in rows] == list(range(1, 51))
    assert rates[0] == pytest.approx(1e-4)
    np.testing.assert_allclose(rates[1:] / rates[:-1], (10.0 / 1e-4) ** (1 / 50))


def test_the_smoothed_loss_is_the_exponential_average_without_its_bias(task: Task, settings: Settings) -> None:
    rows = sweep(task, settings, FINDER)
    for number in range(1, len(rows) + 1):
        weights = 0.9 ** np.arange(number)[::-1]
        losses = [row["loss"] for row in rows[:number]]
        assert rows[number - 1]["smoothed_loss"] == pytest.approx(np.average(losses, weights=weights))


def test_the_sweep_leaves_no_trace(task: Task, settings: Settings) -> None:
    before = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    task.model.eval()
    first = sweep(task, settings, FINDER)
    after = task.model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not task.model.training
    assert sweep(task, settings, FINDER) == first


def test_the_sweep_stops_once_the_loss_is_several_times_its_best(
    task: Task, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: Iterator[float] = iter([2.0, 1.0, 1.0, 3.9, 4.1, 0.1])
    monkeypatch.setattr(Stepper, "take", lambda *_: torch.tensor(next(losses)))
    rows = sweep(task, settings, FINDER.model_copy(update={"smoothing": 0.0}))
    assert [row["loss"] for row in rows] == pytest.approx([2.0, 1.0, 1.0, 3.9])


def test_the_sweep_stops_where_the_loss_is_not_finite(
    task: Task, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: Iterator[float] = iter([2.0, math.nan])
    monkeypatch.setattr(Stepper, "take", lambda *_: torch.tensor(next(losses)))
    assert len(sweep(task, settings, FINDER)) == 1


def test_a_tenth_of_the_best_rate_is_suggested() -> None:
    rows = [{"learning_rate": 10.0**power, "smoothed_loss": abs(power + 1.0)} for power in range(-5, 2)]
    assert suggest_rate(rows) == pytest.approx(1e-2)


def test_nothing_can_be_suggested_of_a_loss_that_never_was_finite() -> None:
    with pytest.raises(DivergedError, match="set learning_rate to a number"):
        suggest_rate([])


def test_the_suggested_rate_trains_better_than_one_far_above_or_below(task: Task, settings: Settings) -> None:
    suggested = suggest_rate(sweep(task, settings, FINDER))
    start = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}

    def loss_after(rate: float) -> float:
        task.model.load_state_dict(start)
        stepper = Stepper(task, settings[1], rate)
        task.model.train()
        for step in range(60):
            last = stepper.take(torch.arange(24), np.arange(24), 0, step, rate)
        return last.item()

    assert loss_after(suggested) < 0.5 * min(loss_after(suggested / 1000), loss_after(suggested * 1000))
