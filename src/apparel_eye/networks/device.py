"""Where and how exactly to compute."""

import ctypes
import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import product

import torch
from accelerate import Accelerator
from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size
from torch import Tensor, nn

from apparel_eye.errors import SystemEnvironmentError
from apparel_eye.networks import backbones
from apparel_eye.networks.checkpoint import Weights
from apparel_eye.networks.fusion import fused
from apparel_eye.parameters import ComputingParameters

logger = logging.getLogger(__name__)

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_BATCH = 8
"""Photos to time on a processor. A GPU gets as many as a step of training: with few an H200 chose the slower mode."""
_SIZE = (224, 224)  # pixels
_REPETITIONS = 3
_CLEARLY = 0.9
"""Of the first choice's time: what is hardly faster would be chosen by chance, and differently the next time."""


@dataclass(frozen=True)
class Mode:
    """Where to compute, in which precision, and how feature maps lie in memory.

    Attributes:
        device: torch's name of it.
        precision: of matrix products; weights stay float32.
        memory_format: of photos, feature maps and convolutions.
    """

    device: str = "cpu"
    precision: str = "float32"
    memory_format: str = "channels_last"

    @property
    def where(self) -> torch.device:
        """The device."""
        if self.device == "cpu":
            _keep_freed_memory()
        return torch.device(self.device)

    def autocast(self) -> AbstractContextManager[object]:
        """Within it, matrix products have the precision."""
        return torch.autocast(self.where.type, DTYPES[self.precision], enabled=self.precision != "float32")

    def place(self, model: nn.Module) -> nn.Module:
        """The model on the device, with its convolutions laid out."""
        return model.to(self.where, memory_format=FORMATS[self.memory_format])  # type: ignore[call-overload, no-any-return]

    def lay_out(self, photos: Tensor) -> Tensor:
        """Photos of shape (B, C, H, W) as the model's convolutions are."""
        return photos.contiguous(memory_format=FORMATS[self.memory_format])


def modes(train: ComputingParameters, weights: Weights) -> dict[str, Mode]:
    """How to predict and how to train: as the parameters say; what they leave open is what is faster here.

    Raises:
        SystemEnvironmentError: the device that the parameters ask for is not there.
    """
    device = _device_of(train.device)
    precisions = [train.precision] if train.precision != "auto" else list(DTYPES)
    formats = [train.memory_format] if train.memory_format != "auto" else list(FORMATS)
    choices = [Mode(device, precision, layout) for precision, layout in product(precisions, formats)]
    if len(choices) == 1:
        return {"predict": choices[0], "train": choices[0]}
    size = backbones.own_size(train.backbone) if backbones.is_fixed(train.backbone) else _SIZE
    of_step = math.ceil(train.batch_size / (train.accumulation * train.processes))
    photos = torch.rand(_BATCH if device == "cpu" else of_step, 3, *size)
    model = backbones.restored(train.backbone, weights)
    return {
        "predict": _fastest(choices, fused(model, backbones.feature_maps, size, device), photos, _predict),
        "train": _fastest(choices, model, photos, _train),
    }


def is_there(device: str) -> bool:
    """Whether torch finds a device here."""
    return device == "cpu" or Accelerator().device.type == torch.device(device).type


def _device_of(wanted: str) -> str:
    found = "cpu" if wanted == "cpu" else Accelerator().device.type
    if wanted not in ("auto", found):
        raise SystemEnvironmentError(
            f"train.device is {wanted}, but torch finds {found} only; check the driver, or run with "
            f"--params train.device={found}"
        )
    logger.info("    computing on %s", torch.cuda.get_device_name() if found == "cuda" else found)
    return found


@cache
def _keep_freed_memory() -> None:
    """Have glibc keep what is freed; other C libraries are left as they are.

    A batch's activations are hundreds of megabytes. Given back to the system after each layer, they come back as pages
    that it must fill with zeros first, which took longer than the network itself.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def _fastest(
    choices: list[Mode], network: nn.Module, photos: Tensor, work: Callable[[nn.Module, Tensor], None]
) -> Mode:
    """Of as many of the photos as all choices have memory for."""
    try:
        seconds = {mode: _time(mode, network, photos, work) for mode in choices}
    except RuntimeError as error:
        if len(photos) == 1 or not should_reduce_batch_size(error):
            raise
        seconds = {}
    finally:
        clear_device_cache(garbage_collection=True)
    if not seconds:
        return _fastest(choices, network, photos[: len(photos) // 2], work)
    fastest = min(seconds, key=lambda mode: seconds[mode])
    return fastest if seconds[fastest] < _CLEARLY * seconds[choices[0]] else choices[0]


def _time(mode: Mode, network: nn.Module, photos: Tensor, work: Callable[[nn.Module, Tensor], None]) -> float:
    model, there = mode.place(deepcopy(network)), mode.lay_out(photos.to(mode.where))
    with mode.autocast():
        work(model, there)  # the first time kernels are chosen
        return min(_seconds(work, model, there) for _ in range(_REPETITIONS))


def _predict(model: nn.Module, photos: Tensor) -> None:
    with torch.inference_mode():
        model.eval()(photos)


def _train(model: nn.Module, photos: Tensor) -> None:
    model.train()(photos).float().square().mean().backward()


def _seconds(work: Callable[[nn.Module, Tensor], None], model: nn.Module, photos: Tensor) -> float:
    started = time.perf_counter()
    work(model, photos)
    if photos.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - started
