import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.context import BaseContext
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from waiting import HOUR

from apparel_eye.data.subsets import Subsets
from apparel_eye.datasets import CheckpointDataset
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import PhaseParameters, TrainParameters
from apparel_eye.training import phases, state
from apparel_eye.training.ema import Average

Train = Callable[..., Iterator[Checkpoint]]
Bits = Callable[[Checkpoint], object]


def read_back(checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """What a later run finds."""
    CheckpointDataset(str(path)).save(checkpoint)
    return CheckpointDataset(str(path)).earlier()


@pytest.mark.fault(94)
@pytest.mark.parametrize("task", ["train_head", "fine_tune"])
@pytest.mark.parametrize(
    ("weight_average", "linear_fit", "readers", "freeze_statistics"),
    [(0.0, 0.0, 1, True), (0.9, 0.0, 0, False), (0.9, 1.0, 3, True)],
    ids=["as usual", "averaged", "fitted"],
)
def test_whoever_goes_on_from_any_state_gets_the_same_bits(
    task: str,
    weight_average: float,
    linear_fit: float,
    readers: int,
    freeze_statistics: bool,
    request: pytest.FixtureRequest,
    train: TrainParameters,
    short: PhaseParameters,
    bits: Bits,
    tmp_path: Path,
) -> None:
    run: Train = request.getfixturevalue(task)
    changed = train.model_copy(
        update={
            "batch_size": 3,
            "save_every_steps": 1,
            "weight_average": weight_average,
            "readers": readers,
            "freeze_statistics": freeze_statistics,
            "head": train.head.model_copy(update={"linear_fit": linear_fit}),
        }
    )
    progress = list(run(short, changed))
    expected = [bits(checkpoint) for checkpoint in progress]
    # steps 1 and 2 of three epochs, and the ends of epochs: of a head's, those of cycles
    assert len(progress) == 6 + (2 if task == "train_head" else 3)
    for number, checkpoint in enumerate(progress[:-1]):
        earlier = read_back(checkpoint, tmp_path / f"{number}.safetensors")
        torch.rand(3)
        assert [bits(later) for later in run(short, changed, earlier)] == expected[number + 1 :], number


@pytest.mark.parametrize("task", ["train_head", "fine_tune"])
def test_how_often_states_are_saved_and_how_many_threads_read_changes_no_bit(
    task: str, request: pytest.FixtureRequest, train: TrainParameters, short: PhaseParameters, bits: Bits
) -> None:
    run: Train = request.getfixturevalue(task)
    often, seldom = (
        list(run(short, train.model_copy(update={"batch_size": 3, "save_every_steps": stepper, "readers": readers})))
        for stepper, readers in ((1, 3), (1000, 0))
    )
    assert len(often) > len(seldom)
    assert bits(often[-1]) == bits(seldom[-1])


@pytest.mark.fault(95)
def test_training_that_gets_a_signal_ends_soon_and_goes_on_with_the_same_bits(
    pixels: NDArray[np.uint8],
    subsets: Subsets,
    checkpoint: Checkpoint,
    train: TrainParameters,
    teamwork: ModuleType,
    forked: BaseContext,
    bits: Bits,
    tmp_path: Path,
) -> None:
    long = PhaseParameters(learning_rate=1e-3, num_cycles=1, cycle_epochs=10, cycle_multiplier=1)
    modes, often = {"train": Mode(), "predict": Mode()}, train.model_copy(update={"batch_size": 2})
    given = (pixels, subsets, checkpoint, long, train.augmentation, often, modes)
    *_, expected = phases.fine_tune(*given)
    for number in (signal.SIGTERM, signal.SIGINT):
        path, begun = str(tmp_path / f"{number}.safetensors"), forked.Event()
        process = forked.Process(target=teamwork.fine_tune_and_save, args=(path, begun, *given))
        process.start()
        assert begun.wait(HOUR)
        os.kill(process.pid, number)
        process.join()
        assert process.exitcode == 128 + number
        earlier = CheckpointDataset(path).earlier()
        assert 1 <= earlier.state.notes["epoch"] < 10
        *_, last = phases.fine_tune(*given, resume_from=earlier)
        assert bits(last) == bits(expected)


def test_a_finished_checkpoint_is_nothing_to_go_on_from(
    train_head: Train, train: TrainParameters, short: PhaseParameters, tmp_path: Path
) -> None:
    *_, finished = train_head(short, train)
    assert read_back(finished, tmp_path / "head.safetensors") == Checkpoint({}, {})


def test_moments_of_the_optimizer_lie_in_memory_as_the_weights_they_are_of() -> None:
    def begun() -> tuple[nn.Module, torch.optim.AdamW]:
        torch.manual_seed(0)
        model = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(model.parameters())
        model(torch.rand(2, 3, 5, 5)).square().mean().backward()
        optimizer.step()
        return model, optimizer

    (model, optimizer), (other, of_other) = begun(), begun()
    nothing = Average(model, 0)
    arrays = state.arrays_of(model, optimizer, nothing, torch.tensor(2.5))
    for parameter in other.parameters():
        nn.init.zeros_(parameter)
    loss_sum = torch.tensor(0.0)
    state.fill(other, of_other, nothing, loss_sum, arrays, state.numbers_of(optimizer))
    assert loss_sum == 2.5
    for (parameter, own), (expected, events) in zip(of_other.state.items(), optimizer.state.items(), strict=True):
        assert torch.equal(parameter, expected)
        for name, event in events.items():
            assert torch.equal(own[name], event)
            assert own[name].stride() == event.stride()


def test_arrays_stay_what_they_were_when_training_goes_on() -> None:
    model = nn.Linear(2, 1)
    optimizer, average = torch.optim.AdamW(model.parameters()), Average(model, 0.5)
    before = state.arrays_of(model, optimizer, average, torch.tensor(0.0))
    copies = {name: array.copy() for name, array in before.items()}
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    average.update()
    np.testing.assert_equal(before, copies)
    after = state.arrays_of(model, optimizer, average, torch.tensor(0.0))
    assert not np.array_equal(after["model/weight"], before["model/weight"])
    assert not np.array_equal(after["average/weight"], before["average/weight"])
