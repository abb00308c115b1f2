"""The learning-rate finder: how the loss answers to a rate that grows from batch to batch.

As in fast.ai 0.7: an exponential sweep, an exponential average of the loss without its bias toward zero, a stop once
that is several times the best, and weights as they were before (arXiv:1506.01186, section 3.3).
"""

import copy
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from tqdm import tqdm

from apparel_eye.data.subsets import Rows
from apparel_eye.errors import DivergedError
from apparel_eye.parameters import FinderParameters, PhaseParameters, TrainParameters
from apparel_eye.training import loop
from apparel_eye.training.stepper import Stepper, Task

logger = logging.getLogger(__name__)

Sweep = list[dict[str, float]]


def sweep_rates(task: Task, train: TrainParameters, finder: FinderParameters) -> Sweep:
    """A row per step: ``step`` from 1, ``learning_rate`` of the head, ``loss`` and ``smoothed_loss``.

    The other layer groups keep their share of the rate. The model's weights, statistics and mode are left as they were.
    """
    before, was_training = copy.deepcopy(task.model.state_dict()), task.model.training
    stepper = Stepper(task, train, finder.end)
    rows: Sweep = []
    average, best = 0.0, math.inf
    task.set_mode()
    batches = _endless_batches(train, len(task.targets))
    with tqdm(total=finder.num_steps, desc=f"rates of {task.name}", unit="step", disable=None) as bar:
        for step, (epoch, positions) in zip(range(finder.num_steps), batches, strict=False):
            rate = finder.start * (finder.end / finder.start) ** (step / finder.num_steps)
            loss = stepper.take(task.read(positions), positions, epoch, step, rate).item()
            average = finder.smoothing * average + (1 - finder.smoothing) * loss
            smoothed = average / (1 - finder.smoothing ** (step + 1))
            if not math.isfinite(smoothed) or smoothed > finder.stop_at * best:
                break
            rows.append({"step": step + 1, "learning_rate": rate, "loss": loss, "smoothed_loss": smoothed})
            best = min(best, smoothed)
            bar.update()
    task.model.load_state_dict(before)
    task.model.train(was_training)
    return rows


def suggest_rate(rows: Sequence[Mapping[Any, float]]) -> float:
    """A tenth of the rate at which the smoothed loss is lowest: there it still falls, with room before it grows.

    Raises:
        DivergedError: the loss was never finite.
    """
    if not rows:
        raise DivergedError("the loss is not finite at the smallest learning rate; set learning_rate to a number")
    return min(rows, key=lambda row: row["smoothed_loss"])["learning_rate"] / 10


def is_wanted(phase: PhaseParameters) -> bool:
    """Whether a phase's learning rate has to be found."""
    return phase.learning_rate == "auto" and phase.epochs > 0


def with_rate(phase: PhaseParameters, rows: Sequence[Mapping[Any, float]]) -> PhaseParameters:
    """The phase with the suggested rate of its sweep in the place of ``auto``."""
    if not is_wanted(phase):
        return phase
    rate = suggest_rate(rows)
    logger.info("    learning rate %.1e: a tenth of where the loss was lowest", rate)
    return phase.model_copy(update={"learning_rate": rate})


def _endless_batches(train: TrainParameters, num_photos: int) -> Iterator[tuple[int, Rows]]:
    for epoch in count():
        for positions in loop.batches_of(train, epoch, num_photos):
            yield epoch, positions
