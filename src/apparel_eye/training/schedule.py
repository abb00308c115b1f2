"""Cosine annealing with warm restarts (SGDR, arXiv:1608.03983)."""

import math

from apparel_eye.parameters import PhaseParameters


def cycle_at(phase: PhaseParameters, epoch: int) -> tuple[int, int, int]:
    """Cycle, epoch within it, and the cycle's length in epochs, all from 0; after the last epoch, the end."""
    first = 0
    for cycle, length in enumerate(phase.cycle_lengths):
        if epoch < first + length:
            return cycle, epoch - first, length
        first += length
    raise IndexError(f"epoch {epoch} is beyond the {phase.epochs} of the cycles")


def ends_cycle(phase: PhaseParameters, epoch: int) -> bool:
    """Whether an epoch, counted from 0, is the last of its cycle, where the rate reaches 0."""
    _, epoch_in_cycle, length = cycle_at(phase, epoch)
    return epoch_in_cycle == length - 1


def factor_at(phase: PhaseParameters, epoch: int, step: int, steps: int) -> float:
    """Share of the learning rate before a step: from 1 at the start of a cycle to 0 at its end.

    Args:
        phase: the cycles.
        epoch: from 0.
        step: within the epoch, from 0.
        steps: of an epoch.
    """
    _, epoch_in_cycle, length = cycle_at(phase, epoch)
    return cosine((epoch_in_cycle * steps + step) / (length * steps))


def cosine(progress: float) -> float:
    """Share of the learning rate, from 1 at the start of a cycle, 0, to 0 at its end, 1."""
    return (1 + math.cos(math.pi * progress)) / 2
