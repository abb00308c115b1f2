"""The training loop, the same for a head on cached features and for all layers on photos."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from accelerate.utils import gather_object
from torch import Tensor
from tqdm import tqdm

from apparel_eye import signals
from apparel_eye.data import randomness
from apparel_eye.data.batches import read_ahead
from apparel_eye.data.subsets import Rows
from apparel_eye.errors import DivergedError
from apparel_eye.metrics.official import Probabilities, scores
from apparel_eye.networks.checkpoint import State
from apparel_eye.parameters import PhaseParameters, TrainParameters
from apparel_eye.training import schedule
from apparel_eye.training.ema import Average
from apparel_eye.training.history import head_columns, report, warn_of_collapse
from apparel_eye.training.state import arrays_of, fill, numbers_of
from apparel_eye.training.stepper import Stepper, Task

logger = logging.getLogger(__name__)
_NAMED = 3
"""Photos of a batch that a message names."""


@dataclass(frozen=True)
class Event:
    """Training between two steps.

    Attributes:
        state: to go on from; None at the end, and in processes but the main one.
        average: puts the averaged weights, by which validation photos were predicted, into the model for a while.
        row: of the history, if an epoch has just ended.
        probabilities: of the validation photos, likewise.
    """

    state: State | None
    average: Average
    row: dict[str, float] | None = None
    probabilities: Probabilities | None = None


def train(
    task: Task, phase: PhaseParameters, parameters: TrainParameters, state: State | None = None
) -> Iterator[Event]:
    """Train in place; the caller decides what to do with each moment that is yielded.

    That is after each epoch, every so many steps, and when the run is asked to stop, before it does.

    Args:
        task: what is trained, as it was at the start of the phase.
        phase: cycles and learning rate.
        parameters: batches, weight decay, loss and the rest.
        state: of an earlier run with the same task and parameters, to go on from; the result has the same bits.

    Raises:
        DivergedError: a loss is not finite.
        Interrupted: the run was asked to stop.
    """
    training = _Training(task, phase, parameters)
    if state is not None:
        training.resume_from(state)
    with signals.deferred():
        yield from training.run()


class _Training:
    """A phase under way. Its numbers, weights and moments are all that a later run needs to go on."""

    def __init__(self, task: Task, phase: PhaseParameters, parameters: TrainParameters) -> None:
        self._task, self._phase, self._parameters = task, phase, parameters
        self._stepper = Stepper(task, parameters, phase.rate)
        self._average = Average(task.model, parameters.weight_average)
        self._epoch = self._step = 0
        self._loss_sum = torch.zeros((), device=task.targets.device)
        self._seconds = 0.0
        self._last: tuple[Tensor, Rows] = torch.zeros(()), np.arange(0)

    def resume_from(self, state: State) -> None:
        notes = state.notes
        self._epoch, self._step, self._seconds = notes["epoch"], notes["step"], notes["seconds"]
        self._stepper.accumulation = notes["accumulation"]
        own = (self._task.model, self._stepper.optimizer, self._average, self._loss_sum)
        fill(*own, state.arrays, notes["optimizer"])
        logger.info("    going on after %d epochs and %d steps", self._epoch, self._step)

    def run(self) -> Iterator[Event]:
        task, phase = self._task, self._phase
        num_steps = len(batches_of(self._parameters, 0, len(task.targets)))
        if self._epoch < phase.epochs:
            head_columns()
        done, total = self._epoch * num_steps + self._step, phase.epochs * num_steps
        with tqdm(total=total, initial=done, desc=task.name, unit="step", disable=None) as bar:
            while self._epoch < phase.epochs:
                started = time.perf_counter() - self._seconds
                for _ in self._steps_of_epoch():
                    bar.update()
                    self._seconds = time.perf_counter() - started
                    if self._anyone_asked():
                        yield self._event()
                        signals.stop()
                        return  # another process was asked
                    if self._step % self._parameters.save_every_steps == 0 and self._step < num_steps:
                        yield self._event()
                probabilities = self._evaluate()
                if probabilities is None:
                    yield self._event()
                    signals.stop()
                    return  # another process was asked
                self._seconds = time.perf_counter() - started
                row = self._row(probabilities, num_steps)
                report(row, phase.epochs)
                warn_of_collapse(probabilities, task.values)
                self._epoch, self._step, self._seconds = self._epoch + 1, 0, 0.0
                self._loss_sum.zero_()
                finished = self._epoch == phase.epochs
                yield Event(None if finished else self._state(), self._average, row, probabilities)
                if self._anyone_asked():
                    signals.stop()
                    return

    def _steps_of_epoch(self) -> Iterator[None]:
        """Take the steps that are left; the loss of each is looked at after the next one has begun.

        On an accelerator that is later than to look at once, but nothing waits for it.
        """
        task, phase, stepper = self._task, self._phase, self._stepper
        task.set_mode()
        batches = batches_of(self._parameters, self._epoch, len(task.targets))
        left = batches[self._step :]
        for positions, read in zip(
            left, read_ahead(task.read, map(stepper.share_of, left), self._parameters.readers), strict=True
        ):
            rate = phase.rate * schedule.factor_at(phase, self._epoch, self._step, len(batches))
            self._check()
            self._last = stepper.take(read, positions, self._epoch, self._step, rate), positions
            self._loss_sum += self._last[0] * len(positions)
            self._average.update()
            self._step += 1
            yield
        self._check()

    def _check(self) -> None:
        """Before the last step is built upon, or saved, its loss must have been finite."""
        loss, positions = self._last
        if math.isfinite(loss.item()):
            return
        rate = max(group["lr"] for group in self._stepper.optimizer.param_groups)
        names = [str(name) for name in self._task.names[positions[:_NAMED]]]
        raise DivergedError(
            f"{self._task.name}: the loss of a batch in epoch {self._epoch + 1}, step {self._step}, is "
            f"{loss.item()}, at a learning rate of {rate:.2g}; its {len(positions)} photos begin with "
            f"{', '.join(names)}; lower learning_rate, for example to {self._phase.rate / 10:g}. "
            "What was saved before is kept"
        )

    def _anyone_asked(self) -> bool:
        """Whether the run was asked to stop; all processes stop after the same step."""
        asked = signals.requested()
        accelerator = self._stepper.accelerator
        if accelerator.num_processes == 1:
            return asked
        return bool(accelerator.reduce(torch.tensor(float(asked), device=self._loss_sum.device), "sum").item())

    def _evaluate(self) -> Probabilities | None:
        """Probabilities of the validation photos; None if a process was asked to stop meanwhile."""
        own: Probabilities | None = None
        with self._average.applied(), suppress(signals.Interrupted):
            own = self._task.evaluate(self._stepper.share_of(np.arange(len(self._task.label_strings))))
        shares = gather_object([own])
        if any(share is None for share in shares):
            return None
        probabilities = np.concatenate(shares)
        if not np.isfinite(probabilities).all():
            raise DivergedError(
                f"{self._task.name}: after epoch {self._epoch + 1} predictions are not finite; lower "
                f"learning_rate, for example to {self._phase.rate / 10:g}. What was saved before is kept"
            )
        return probabilities

    def _row(self, probabilities: Probabilities, num_steps: int) -> dict[str, float]:
        phase, measured = self._phase, scores(probabilities, self._task.label_strings)
        rate = phase.rate * schedule.factor_at(phase, self._epoch, 0, num_steps)
        return {
            "epoch": self._epoch + 1,
            "cycle": schedule.cycle_at(phase, self._epoch)[0] + 1,
            "steps": num_steps,
            "learning_rate": rate,
            **{f"rate_{number}": rate * factor for number, factor in enumerate(self._task.factors, start=1)},
            "accumulation": self._stepper.accumulation,
            "train_loss": (self._loss_sum / len(self._task.targets)).item(),
            "validation_loss": measured.pop("log_loss"),
            **measured,
            "seconds": self._seconds,
        }

    def _event(self) -> Event:
        self._check()
        return Event(self._state(), self._average)

    def _state(self) -> State | None:
        if not self._stepper.accelerator.is_main_process:
            return None
        notes = {
            "epoch": self._epoch,
            "step": self._step,
            "seconds": self._seconds,
            "accumulation": self._stepper.accumulation,
            "optimizer": numbers_of(self._stepper.optimizer),
        }
        arrays = arrays_of(self._task.model, self._stepper.optimizer, self._average, self._loss_sum)
        return State(arrays, notes)


def batches_of(train: TrainParameters, epoch: int, num_photos: int) -> list[Rows]:
    """Positions of the training photos in the order of an epoch, evenly dealt.

    So no batch is left with a single photo, of which batch norm knows no variance; with batches of two and an odd
    number of photos, one batch has three.
    """
    num_steps = max(1, min(-(-num_photos // train.batch_size), num_photos // 2))
    return np.array_split(randomness.order(train.seed, epoch, num_photos), num_steps)
