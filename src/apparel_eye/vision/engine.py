"""The training loop, the same for a head on cached features and for all layers on photos."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer
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
        targets: what the network should say of each training photo, shape (photos, values), on the device.
        weights: how much each counts, shape (photos,), on the device.
        set_mode: puts the model into the mode for training.
        evaluate: probabilities of the validation photos, shape (validation photos, values).
        marks: their labels.
    """

    model: nn.Module
    groups: list[dict[str, Any]]
    inputs: Callable[[Rows, int], Tensor]
    targets: Tensor
    weights: Tensor
    set_mode: Callable[[], object]
    evaluate: Callable[[], NDArray[np.float64]]
    marks: Marks


@dataclass(frozen=True)
class Settings:
    """How a phase is trained."""

    name: str
    phase: PhaseParameters
    learning_rate: float
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
    optimizer = optimizer_of(work, settings)
    num_steps = len(batches_of(settings, 0, len(work.targets)))
    with tqdm(total=settings.phase.epochs * num_steps, desc=settings.name, unit="step", disable=None) as bar:
        for number in range(settings.phase.epochs):
            started = time.perf_counter()
            batches = batches_of(settings, number, len(work.targets))
            loss = _train_epoch(work, settings, optimizer, number, batches, bar)
            probabilities = work.evaluate()
            if not np.isfinite(probabilities).all():
                raise _diverged(settings, number, "not finite on validation photos")
            measured = scores(probabilities, work.marks)
            row = {
                "epoch": number + 1,
                "cycle": schedule.cycle_at(settings.phase, number)[0] + 1,
                "learning_rate": settings.learning_rate * schedule.factor_at(settings.phase, number, 0, num_steps),
                "train_loss": loss,
                "validation_loss": measured.pop("log_loss"),
                **measured,
                "seconds": time.perf_counter() - started,
            }
            _report(row, settings.phase.epochs)
            yield Epoch(number, row, probabilities)


def take_step(
    work: Work,
    settings: Settings,
    optimizer: torch.optim.Optimizer,
    positions: Rows,
    epoch: int,
    step: int,
    rate: float,
) -> Tensor:
    """One step on a batch at a learning rate of the head; its mean loss, as it was before."""
    where = work.targets.device
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    torch.manual_seed(int(randomness.uniform(settings.seed, epoch, [step], 1)[0, 0] * 2**53))  # dropout's
    inputs = work.inputs(positions, epoch)
    with device.autocast(where, settings.precision):
        logits = work.model(inputs)
    loss = losses.mean_loss(logits, work.targets[positions], work.weights[positions], settings.loss)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


def batches_of(settings: Settings, epoch: int, num_photos: int) -> list[Rows]:
    """Positions of the training photos in the order of an epoch, evenly dealt.

    So no batch is left with a single photo, of which batch norm knows no variance; with batches of two and an odd
    number of photos, one batch has three.
    """
    num_steps = max(1, min(-(-num_photos // settings.batch_size), num_photos // 2))
    return np.array_split(randomness.order(settings.seed, epoch, num_photos), num_steps)


def optimizer_of(work: Work, settings: Settings) -> Optimizer:
    """Without a state yet; rates are set at each step."""
    return torch.optim.AdamW(work.groups, weight_decay=settings.weight_decay)


def _train_epoch(
    work: Work, settings: Settings, optimizer: Optimizer, epoch: int, batches: Sequence[Rows], bar: Any
) -> float:
    loss_sum = torch.zeros((), device=work.targets.device)
    work.set_mode()
    for step, positions in enumerate(batches):
        rate = settings.learning_rate * schedule.factor_at(settings.phase, epoch, step, len(batches))
        # no .item(): it would wait for the device at each batch
        loss_sum += take_step(work, settings, optimizer, positions, epoch, step, rate) * len(positions)
        bar.update()
    mean_loss = (loss_sum / len(work.targets)).item()
    if not np.isfinite(mean_loss):
        raise _diverged(settings, epoch, f"{mean_loss} in training")
    return mean_loss


def _diverged(settings: Settings, epoch: int, found: str) -> DivergedError:
    rate = settings.learning_rate
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
