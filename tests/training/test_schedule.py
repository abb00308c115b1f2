import math

import pytest
import torch

from apparel_eye.parameters import PhaseParameters
from apparel_eye.training.schedule import cosine, cycle_at, ends_cycle, factor_at

STEPS = 10


def test_cycles_of_one_two_and_four_epochs(phase: PhaseParameters) -> None:
    assert phase.cycle_lengths == (1, 2, 4)
    assert [cycle_at(phase, epoch) for epoch in range(phase.epochs)] == [
        (0, 0, 1),
        (1, 0, 2),
        (1, 1, 2),
        (2, 0, 4),
        (2, 1, 4),
        (2, 2, 4),
        (2, 3, 4),
    ]


def test_the_last_epochs_of_cycles_are_those_before_a_restart(phase: PhaseParameters) -> None:
    assert [epoch for epoch in range(phase.epochs) if ends_cycle(phase, epoch)] == [0, 2, 6]


def test_there_is_no_epoch_after_the_cycles(phase: PhaseParameters) -> None:
    with pytest.raises(IndexError, match="epoch 7 is beyond the 7"):
        cycle_at(phase, 7)


def test_factor_falls_along_a_cosine_within_each_cycle(phase: PhaseParameters) -> None:
    for epoch, first, length in [(0, 0, 1), (2, 1, 2), (6, 3, 4)]:
        for step in range(STEPS):
            progress = ((epoch - first) * STEPS + step) / (length * STEPS)
            assert factor_at(phase, epoch, step, STEPS) == pytest.approx(0.5 + 0.5 * math.cos(math.pi * progress))


def test_factor_restarts_at_one_where_a_cycle_begins(phase: PhaseParameters) -> None:
    assert [epoch for epoch in range(7) if factor_at(phase, epoch, 0, STEPS) == 1] == [0, 1, 3]


def test_factor_is_that_of_torchs_warm_restarts(phase: PhaseParameters) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=STEPS, T_mult=2)
    for epoch in range(phase.epochs):
        for step in range(STEPS):
            assert factor_at(phase, epoch, step, STEPS) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
            optimizer.step()
            theirs.step()


@pytest.mark.parametrize(("progress", "share"), [(0, 1), (1 / 3, 0.75), (1 / 2, 0.5), (2 / 3, 0.25), (1, 0)])
def test_cosine_falls_from_one_to_zero(progress: float, share: float) -> None:
    assert cosine(progress) == pytest.approx(share, abs=1e-15)
