"""Steps of the optimizer, each on a batch that is computed in as many shares as memory asks for."""

import gc
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size
from numpy.typing import NDArray
from torch import Tensor, nn

from apparel_eye.data import randomness
from apparel_eye.data.subsets import Rows
from apparel_eye.errors import SystemEnvironmentError
from apparel_eye.metrics.official import LabelStrings, Probabilities
from apparel_eye.networks import dropout
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import TrainParameters
from apparel_eye.training import losses, optimizers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """What is trained, and on what.

    Attributes:
        name: of the phase, for messages.
        model: trained in place.
        mode: how to compute.
        parameter_groups: for the optimizer, each with its ``factor`` of the learning rate.
        factors: those of all layer groups, from the stem on, 0 where frozen.
        read: what the inputs are made of, for positions among the training photos; called by threads that read ahead.
        inputs: the model's inputs of what was read for these positions, in an epoch.
        targets: what the network should say of each training photo, shape (photos, values), on the device.
        weights: how much each counts, shape (photos,), on the device.
        names: of the training photos, for messages.
        smallest_share: photos that a share of a batch must have; of a single one, batch norm knows no variance.
        set_mode: puts the model into the mode for training.
        evaluate: probabilities of some of the validation photos, shape (positions, values).
        label_strings: of the validation photos, shape (validation photos, values).
        values: their names, for messages.
    """

    name: str
    model: nn.Module
    mode: Mode
    parameter_groups: list[dict[str, Any]]
    factors: tuple[float, ...]
    read: Callable[[Rows], Tensor]
    inputs: Callable[[Tensor, Rows, int], Tensor]
    targets: Tensor
    weights: Tensor
    names: NDArray[np.str_]
    smallest_share: int
    set_mode: Callable[[], object]
    evaluate: Callable[[Rows], Probabilities]
    label_strings: LabelStrings
    values: tuple[str, ...]


class Stepper:
    """Takes steps; where memory ends, batches are computed in twice as many shares from then on.

    Attributes:
        optimizer: rates are set at each step.
        accelerator: knows the other processes, if there are any; each computes its share of a batch.
        accumulation: shares in which each batch is computed, one after the other.
    """

    def __init__(self, task: Task, train: TrainParameters, highest_rate: float) -> None:
        self._task, self._train = task, train
        self.optimizer = optimizers.create(task.parameter_groups, train.optimizer, train.weight_decay, highest_rate)
        # every process has the same buffers already: parameters ask for frozen statistics
        alike = DistributedDataParallelKwargs(broadcast_buffers=False)
        self.accelerator = Accelerator(cpu=task.mode.device == "cpu", kwargs_handlers=[alike])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch has another name for what accelerate passes on
            self._model: nn.Module = self.accelerator.prepare_model(task.model, device_placement=False)
        self.accumulation = train.accumulation

    def share_of(self, rows: Rows) -> Rows:
        """The rows that this process computes."""
        share: Rows = np.array_split(rows, self.accelerator.num_processes)[self.accelerator.process_index]
        return share

    def take(self, read: Tensor, positions: Rows, epoch: int, step: int, rate: float) -> Tensor:
        """One step at a learning rate of the head; the batch's mean loss, as it was before.

        Args:
            read: what ``Task.read`` gave for this process's share.
            positions: of the whole batch.
            epoch: from 0.
            step: within the epoch, from 0.
            rate: of the head; the other layer groups get their share of it.

        Raises:
            SystemEnvironmentError: a single photo does not fit into memory.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        while (loss := self._try(read, positions, epoch, step)) is None:
            gc.collect()
            clear_device_cache()
        self.optimizer.step()
        return loss

    def _try(self, read: Tensor, positions: Rows, epoch: int, step: int) -> Tensor | None:
        """The loss, with gradients in place; None if memory ended."""
        try:
            return self._backward(read, positions, epoch, step)
        except RuntimeError as error:
            if not should_reduce_batch_size(error):
                raise
            if self.accelerator.num_processes > 1:
                raise SystemEnvironmentError(
                    f"{self._task.name}: a process's share of a batch does not fit into memory ({error}); run with "
                    f"--params train.accumulation={2 * self.accumulation}"
                ) from error
            if self.accumulation >= len(positions) // self._task.smallest_share:
                raise SystemEnvironmentError(
                    f"{self._task.name}: photos do not fit into memory, not even {self._task.smallest_share} at a "
                    f"time ({error}); use a smaller size or backbone"
                ) from error
            self.accumulation *= 2
            logger.warning(
                "    out of memory with batches of %d: computing them in %d shares from here on, as "
                "train.accumulation=%d would",
                len(positions), self.accumulation, self.accumulation,
            )  # fmt: skip
        return None

    def _backward(self, read: Tensor, positions: Rows, epoch: int, step: int) -> Tensor:
        task, accelerator = self._task, self.accelerator
        self.optimizer.zero_grad()
        own = self.share_of(np.arange(len(positions)))
        shares = np.array_split(own, max(1, min(self.accumulation, len(own) // task.smallest_share)))
        seed = int(randomness.uniform(self._train.seed, epoch, [step], 1)[0, 0] * 2**53)
        total = torch.zeros((), device=task.targets.device)
        for share in shares:
            dropout.set_batch_share(task.model, seed, dropout.BatchShare(share[0], share[-1] + 1, len(positions)))
            rows = positions[share]
            inputs = task.inputs(read[share - own[0]], rows, epoch)
            with task.mode.autocast():
                logits = self._model(inputs)
            per_photo = losses.per_photo(logits, task.targets[rows], task.weights[rows], self._train.loss)
            loss = per_photo.sum() / len(positions)
            with accelerator.no_sync(self._model) if share is not shares[-1] else accelerator.autocast():
                # processes average their gradients, but the loss is a sum over their shares
                (loss * accelerator.num_processes).backward()
            total += loss.detach()
        summed: Tensor = accelerator.reduce(total, "sum")
        return summed
