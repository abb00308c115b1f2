import itertools
import math
from collections.abc import Callable
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from apparel_eye import signals
from apparel_eye.errors import DivergedError
from apparel_eye.parameters import PhaseParameters, TrainParameters
from apparel_eye.schemas import RATES, Epochs
from apparel_eye.training import loop
from apparel_eye.training.stepper import Task

NUM_VALUES = 3
Inputs = Callable[[NDArray[np.intp], int], Tensor]
MakeSettings = Callable[..., tuple[PhaseParameters, TrainParameters]]
LinearTask = Callable[..., Task]


def ones(positions: NDArray[np.intp], epoch: int) -> Tensor:
    return torch.ones(len(positions), 2)


def randomized(task: Task) -> Task:
    torch.manual_seed(0)
    for parameter in task.model.parameters():
        nn.init.normal_(parameter)
    return task


@pytest.fixture
def linear_task(make_task: Callable[..., Task]) -> LinearTask:
    """Of a model whose weights are all zero."""

    def made(num_photos: int = 9, inputs: Inputs = ones, **changed: object) -> Task:
        model = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, NUM_VALUES))
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        parameter_groups = [
            {"params": list(model[0].parameters()), "factor": 0.01},
            {"params": list(model[1].parameters()), "factor": 1.0},
        ]
        targets = torch.eye(NUM_VALUES)[torch.arange(num_photos) % NUM_VALUES]
        return make_task(model, inputs, targets, **{"parameter_groups": parameter_groups, **changed})

    return made


@pytest.mark.fault(116)
@pytest.mark.parametrize("batch_size", [2, 3, 4, 8, 50])
@pytest.mark.parametrize("num_photos", [2, 3, 5, 9, 16, 17])
def test_an_epoch_has_each_photo_once_and_no_batch_of_one(
    linear_task: LinearTask, make_settings: MakeSettings, phase: PhaseParameters, num_photos: int, batch_size: int
) -> None:
    seen: dict[int, list[list[int]]] = {}

    def inputs(positions: NDArray[np.intp], epoch: int) -> Tensor:
        seen.setdefault(epoch, []).append(positions.tolist())
        return torch.ones(len(positions), 2)

    list(loop.train(linear_task(num_photos, inputs), *make_settings(batch_size=batch_size)))
    assert len(seen) == phase.epochs
    for batches in seen.values():
        assert sorted(chain.from_iterable(batches)) == list(range(num_photos))
        assert min(map(len, batches)) >= 2
        assert max(map(len, batches)) <= max(batch_size, 3)


def test_rates_of_the_groups_keep_their_ratio_along_the_cosine(
    linear_task: LinearTask,
    make_settings: MakeSettings,
    phase: PhaseParameters,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates: list[tuple[float, float]] = []
    step_of = torch.optim.AdamW.step

    def recording(optimizer: torch.optim.AdamW) -> None:
        rates.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"]))
        step_of(optimizer)

    monkeypatch.setattr(torch.optim.AdamW, "step", recording)
    list(loop.train(linear_task(9), *make_settings()))
    cosine = [0.5 + 0.5 * math.cos(math.pi * step / (2 * length)) for length in (1, 2, 4) for step in range(2 * length)]
    assert [head for _, head in rates] == pytest.approx([phase.rate * factor for factor in cosine])
    assert [early for early, _ in rates] == pytest.approx([0.01 * head for _, head in rates])


def test_a_row_of_the_history_says_what_was_measured(linear_task: LinearTask, make_settings: MakeSettings) -> None:
    settings = make_settings(learning_rate=1e-12, accumulation=2)
    rows = [event.row for event in loop.train(linear_task(9, factors=(0.0, 0.01, 1.0)), *settings)]
    expected = [*(name for name in Epochs.to_schema().columns if name != RATES), "rate_1", "rate_2", "rate_3"]
    assert set(rows[0]) == set(expected)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["cycle"] for row in rows] == [1, 2, 2, 3, 3, 3, 3]
    cosine = [0.5 + 0.5 * math.cos(math.pi * at) for at in (0, 0, 1 / 2, 0, 1 / 4, 1 / 2, 3 / 4)]
    for factor, row in zip(cosine, rows, strict=True):
        rates = [row[name] for name in ("learning_rate", "rate_1", "rate_2", "rate_3")]
        assert rates == pytest.approx([1e-12 * factor * share for share in (1, 0, 0.01, 1)], abs=0)
        assert (row["steps"], row["accumulation"]) == (2, 2)
        assert row["train_loss"] == pytest.approx(math.log(NUM_VALUES), rel=1e-6)
        assert row["validation_loss"] == pytest.approx(math.log(2))
        assert (row["basic_precision"], row["average_precision"], row["accuracy"]) == (1, 1, 1)
        assert row["seconds"] > 0


def test_the_loss_of_an_epoch_is_the_mean_over_photos_not_over_batches(
    linear_task: LinearTask, make_settings: MakeSettings, phase: PhaseParameters
) -> None:
    inputs = torch.arange(5.0)[:, None].expand(-1, 2) * 3
    task = randomized(linear_task(5, lambda positions, epoch: inputs[positions]))
    with torch.no_grad():
        expected = nn.functional.cross_entropy(task.model(inputs), task.targets).item()
    one_epoch = phase.model_copy(update={"num_cycles": 1})
    (event,) = loop.train(task, *make_settings(phase=one_epoch, learning_rate=1e-12, batch_size=3))
    assert event.row["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_distributions_are_learned_as_they_are(linear_task: LinearTask, make_settings: MakeSettings) -> None:
    long = PhaseParameters(learning_rate=0.1, num_cycles=1, cycle_epochs=200, cycle_multiplier=1)
    task = randomized(linear_task(3, lambda positions, epoch: torch.eye(3)[positions, :2]))
    smoothed = np.array([0.8, 0.1, 0.1])
    task.targets.copy_(torch.where(task.targets == 1, 0.8, 0.1))
    *_, last = loop.train(task, *make_settings(phase=long))
    assert last.row["train_loss"] == pytest.approx(-(smoothed * np.log(smoothed)).sum(), rel=0.01)


@pytest.mark.fault(115)
@pytest.mark.parametrize("spoiled_by", [math.nan, math.inf])
@pytest.mark.parametrize("bad_step", [0, 1, 2])
@pytest.mark.parametrize("asked", [False, True], ids=["", "asked to stop meanwhile"])
def test_a_loss_that_is_not_finite_stops_training_at_that_step_and_is_not_saved(
    linear_task: LinearTask,
    make_settings: MakeSettings,
    phase: PhaseParameters,
    bad_step: int,
    spoiled_by: float,
    asked: bool,
    nobody_asked: None,
) -> None:
    stepper: list[tuple[int, list[int]]] = []

    def inputs(positions: NDArray[np.intp], epoch: int) -> Tensor:
        stepper.append((epoch, positions.tolist()))
        is_bad = [before for before, _ in stepper].count(1) == bad_step + 1
        if is_bad and asked:
            signals.ask()
        return torch.full((len(positions), 2), spoiled_by if is_bad else 1.0)

    events: list[loop.Event] = []
    with pytest.raises(DivergedError) as stopped:
        events.extend(loop.train(linear_task(9, inputs), *make_settings(batch_size=3, save_every_steps=1)))
    epoch, batch = stepper[-1]
    assert (epoch, len(stepper)) == (1, 3 + bad_step + 1)
    rate = phase.rate * (0.5 + 0.5 * math.cos(math.pi * bad_step / 6))
    assert f"head: the loss of a batch in epoch 2, step {bad_step + 1}, is nan" in (said := str(stopped.value))
    assert f"a learning rate of {rate:.2g}; its 3 photos begin with {batch[0]}.jpg, {batch[1]}.jpg" in said
    assert "lower learning_rate, for example to 0.001" in said
    assert (events[-1].state.notes["epoch"], events[-1].state.notes["step"]) == (1, bad_step)
    assert all(np.isfinite(array).all() for event in events for array in event.state.arrays.values())


@pytest.mark.fault(95, 115)
def test_a_run_that_is_asked_to_stop_right_after_a_spoiled_step_does_not_save_it(
    linear_task: LinearTask, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, nobody_asked: None
) -> None:
    class Asking(tqdm):
        def update(self, n: float = 1) -> None:
            signals.ask()

    monkeypatch.setattr(loop, "tqdm", Asking)
    task = linear_task(9, lambda positions, epoch: torch.full((len(positions), 2), math.nan))
    with pytest.raises(DivergedError):
        next(loop.train(task, *make_settings(batch_size=3)))


@pytest.mark.fault(115)
def test_predictions_that_are_not_finite_stop_training(linear_task: LinearTask, make_settings: MakeSettings) -> None:
    task = linear_task(evaluate=lambda rows: np.full((len(rows), NUM_VALUES), math.nan))
    with pytest.raises(DivergedError, match=r"after epoch 1 predictions are not finite; lower .* to 0\.001"):
        next(loop.train(task, *make_settings()))


def test_nothing_is_trained_without_cycles(
    linear_task: LinearTask, make_settings: MakeSettings, phase: PhaseParameters
) -> None:
    settings = make_settings(phase=phase.model_copy(update={"num_cycles": 0}))
    assert list(loop.train(linear_task(), *settings)) == []


@pytest.mark.fault(95)
@pytest.mark.parametrize("at_step", [1, 2, 3])
def test_a_run_that_is_asked_to_stop_ends_its_step_saves_and_goes_on_with_the_same_bits(
    linear_task: LinearTask, make_settings: MakeSettings, at_step: int, nobody_asked: None
) -> None:
    stepper: list[int] = []

    def inputs(positions: NDArray[np.intp], epoch: int) -> Tensor:
        return torch.tensor(positions)[:, None].float().expand(-1, 2) / 9

    def asking(positions: NDArray[np.intp], epoch: int) -> Tensor:
        stepper.append(epoch)
        if len(stepper) == 3 + at_step:
            signals.ask()
        return inputs(positions, epoch)

    settings = make_settings(batch_size=3, weight_average=0.5)
    *_, expected = loop.train(whole := randomized(linear_task(9, inputs)), *settings)
    events = loop.train(randomized(linear_task(9, asking)), *settings)
    assert next(events).row["epoch"] == 1
    event = next(events)
    assert (event.row, event.state.notes["epoch"], event.state.notes["step"]) == (None, 1, at_step)
    with pytest.raises(signals.Interrupted):
        next(events)
    assert stepper == [0] * 3 + [1] * at_step
    signals._asked.clear()
    *_, last = loop.train(again := randomized(linear_task(9, inputs)), *settings, event.state)
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], tensor)
    assert {**last.row, "seconds": 0} == {**expected.row, "seconds": 0}


@pytest.mark.fault(95)
def test_a_run_that_is_asked_to_stop_while_it_evaluates_saves_all_steps_of_the_epoch(
    linear_task: LinearTask, make_settings: MakeSettings, nobody_asked: None
) -> None:
    evaluated = 0

    def evaluate(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        nonlocal evaluated
        evaluated += 1
        if evaluated == 2:
            signals.ask()
            signals.stop()
        return np.tile([0.5, 0.25, 0.25], (len(rows), 1))

    settings = make_settings(batch_size=3)
    epochs = loop.train(task := randomized(linear_task(evaluate=evaluate)), *settings)
    next(epochs)
    event = next(epochs)
    assert (event.row, event.state.notes["epoch"], event.state.notes["step"]) == (None, 1, 3)
    with pytest.raises(signals.Interrupted):
        next(epochs)
    signals._asked.clear()
    weights = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    first = next(loop.train(again := randomized(linear_task(evaluate=evaluate)), *settings, event.state))
    assert first.row["epoch"] == 2
    for name, tensor in weights.items():
        assert torch.equal(again.model.state_dict()[name], tensor)


def test_an_epoch_that_ends_as_the_run_is_asked_to_stop_is_handed_out_first(
    linear_task: LinearTask, make_settings: MakeSettings, nobody_asked: None
) -> None:
    epochs = loop.train(linear_task(), *make_settings())
    assert next(epochs).row["epoch"] == 1
    signals.ask()
    with pytest.raises(signals.Interrupted):
        next(epochs)


def test_seconds_of_an_epoch_go_on_from_where_they_were(
    linear_task: LinearTask, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=itertools.count(5.0).__next__))
    settings = make_settings(batch_size=3, save_every_steps=1)
    state = next(loop.train(linear_task(), *settings)).state
    later = loop.State(state.arrays, {**state.notes, "seconds": 1000.0})
    *_, first = [next(epochs) for epochs in [loop.train(linear_task(), *settings, later)] for _ in range(2)]
    assert first.row["epoch"] == 1
    assert first.row["seconds"] == 1000 + 3  # the clock goes on at each look: after two steps, and at the end


def test_photos_are_predicted_by_the_averaged_weights_and_training_goes_on_with_its_own(
    linear_task: LinearTask, make_settings: MakeSettings
) -> None:
    seen: list[Tensor] = []

    def evaluate(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        seen.append(task.model[1].bias.detach().clone())
        return np.tile([0.5, 0.25, 0.25], (len(rows), 1))

    task = linear_task(evaluate=evaluate)
    events = loop.train(task, *make_settings(weight_average=0.9))
    event = next(events)
    own = task.model[1].bias.detach().clone()
    assert not torch.equal(seen[0], own)
    with event.average.applied():
        assert torch.equal(task.model[1].bias, seen[0])
    assert torch.equal(task.model[1].bias, own)
