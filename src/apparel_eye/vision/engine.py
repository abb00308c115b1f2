"""The training loop, the same for a head on cached features and for all layers on photos."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from apparel_eye.errors import DivergedError
from apparel_eye.metrics import Marks, scores
from apparel_eye.parameters import LossParameters, PhaseParameters
from apparel_eye.subsets import Rows
from apparel_eye.vision import device, losses, randomness, schedule

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What is trained, and on what.

    Attributes:
        model: trained in place.
        groups: parameter groups for the optimizer, each with its ``factor`` of the learning rate.
        inputs: the model's inputs for positions among the training photos, in an epoch.
        targets: what the network should say of each training photo, shape (photos, values).
        weights: how much each counts, shape (photos,).
        set_mode: puts the model into the mode for training.
        evaluate: probabilities of the validation photos, shape (validation photos, values).
        marks: their labels.
    """

    model: nn.Module
    groups: list[dict[str, Any]]
    inputs: Callable[[Rows, int], Tensor]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    set_mode: Callable[[], object]
    evaluate: Callable[[], NDArray[np.float64]]
    marks: Marks


@dataclass(frozen=True)
class Settings:
    """How a phase is trained."""

    name: str
    phase: PhaseParameters
    batch_size: int
    weight_decay: float
    loss: LossParameters
    precision: str
    seed: int


@dataclass(frozen=True)
class Epoch:
    """The result of an epoch: a row of the history, and the probabilities of the validation photos."""

    number: int
    row: dict[str, float]
    probabilities: NDArray[np.float64]


def train(work: Work, settings: Settings) -> Iterator[Epoch]:
    """Train in place and yield after each epoch; the caller decides what to do with it."""
    optimizer = torch.optim.AdamW(work.groups, lr=settings.phase.learning_rate, weight_decay=settings.weight_decay)
    num_photos = len(work.targets)
    # at least two photos in each: with batches of two and an odd number of photos, one batch has three
    num_steps = max(1, min(-(-num_photos // settings.batch_size), num_photos // 2))
    with tqdm(total=settings.phase.epochs * num_steps, desc=settings.name, unit="step", disable=None) as bar:
        for number in range(settings.phase.epochs):
            started = time.perf_counter()
            loss = _train_epoch(work, settings, optimizer, number, num_steps, bar)
            probabilities = work.evaluate()
            if not np.isfinite(probabilities).all():
                raise _diverged(settings, number, "not finite on validation photos")
            measured = scores(probabilities, work.marks)
            row = {
                "epoch": number + 1,
                "cycle": schedule.cycle_at(settings.phase, number)[0] + 1,
                "learning_rate": settings.phase.learning_rate
                * schedule.factor_at(settings.phase, number, 0, num_steps),
                "train_loss": loss,
                "validation_loss": measured.pop("log_loss"),
                **measured,
                "seconds": time.perf_counter() - started,
            }
            _report(row, settings.phase.epochs)
            yield Epoch(number, row, probabilities)


def _train_epoch(
    work: Work, settings: Settings, optimizer: torch.optim.Optimizer, epoch: int, num_steps: int, bar: Any
) -> float:
    where = next(work.model.parameters()).device
    targets, weights = (torch.as_tensor(array, device=where) for array in (work.targets, work.weights))
    loss_sum = torch.zeros((), device=where)
    # evenly dealt, so that no batch is left with a single photo, of which batch norm knows no variance
    batches = np.array_split(randomness.order(settings.seed, epoch, len(work.targets)), num_steps)
    work.set_mode()
    for step, positions in enumerate(batches):
        factor = schedule.factor_at(settings.phase, epoch, step, num_steps)
        for group in optimizer.param_groups:
            group["lr"] = settings.phase.learning_rate * group["factor"] * factor
        torch.manual_seed(int(randomness.uniform(settings.seed, epoch, [step], 1)[0, 0] * 2**53))  # dropout's
        inputs = work.inputs(positions, epoch)
        with device.autocast(where, settings.precision):
            logits = work.model(inputs)
        loss = losses.mean_loss(logits, targets[positions], weights[positions], settings.loss)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss_sum += loss.detach() * len(positions)  # no .item(): it would wait for the device at each batch
        bar.update()
    mean_loss = (loss_sum / len(work.targets)).item()
    if not np.isfinite(mean_loss):
        raise _diverged(settings, epoch, f"{mean_loss} in training")
    return mean_loss


def _diverged(settings: Settings, epoch: int, found: str) -> DivergedError:
    rate = settings.phase.learning_rate
    return DivergedError(
        f"{settings.name}: the loss of epoch {epoch + 1} is {found}, at a learning rate of {rate:g}; "
        f"lower it, for example to {rate / 10:g}"
    )


def _report(row: dict[str, float], epochs: int) -> None:
    if row["epoch"] == 1:
        logger.info(
            "  epoch   learning rate   train loss   validation loss   accuracy   basic / average precision     time"
        )
    logger.info(
        "  %5s   %13.1e   %10.3f   %15.3f   %6.1f %%   %17.3f / %.3f   %6.1f s",
        f"{row['epoch']:.0f}/{epochs}",
        row["learning_rate"],
        row["train_loss"],
        row["validation_loss"],
        100 * row["accuracy"],
        row["basic_precision"],
        row["average_precision"],
        row["seconds"],
    )
