"""Where and how exactly to compute."""

import ctypes
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache

import torch
from accelerate import Accelerator
from torch import nn

from apparel_eye.vision import backbones

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_BATCH = 8
_SIZE = 224  # pixels
_REPETITIONS = 3


@cache
def current() -> torch.device:
    """The accelerator of this machine, or its processor."""
    device: torch.device = Accelerator().device
    if device.type == "cpu":
        _keep_freed_memory()
    return device


def _keep_freed_memory() -> None:
    """Have glibc keep what is freed; other C libraries are left as they are.

    A batch's activations are hundreds of megabytes. Given back to the system after each layer, they come back as pages
    that it must fill with zeros first, which took longer than the network itself.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Matrix products in the given precision; weights stay float32."""
    return torch.autocast(device.type, DTYPES[precision], enabled=precision != "float32")


def to_device(model: nn.Module, device: torch.device) -> nn.Module:
    """Moved, with convolutions laid out channels last."""
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def fastest_precisions(backbone: str, weights: backbones.Weights) -> dict[str, str]:
    """The faster precision for prediction and for training on this machine, found by a short timing."""
    device = current()
    model = to_device(backbones.restored(backbone, weights), device)
    photos = torch.rand(_BATCH, 3, _SIZE, _SIZE, device=device).contiguous(memory_format=torch.channels_last)

    def predict() -> None:
        with torch.inference_mode():
            model.eval()(photos)

    def train() -> None:
        model.train()(photos).float().square().mean().backward()

    return {"predict": _fastest(predict, device), "train": _fastest(train, device)}


def _fastest(work: Callable[[], None], device: torch.device) -> str:
    seconds = {}
    for precision in DTYPES:
        with autocast(device, precision):
            work()  # the first time kernels are chosen
            seconds[precision] = min(_seconds(work, device) for _ in range(_REPETITIONS))
    return min(seconds, key=lambda precision: seconds[precision])


def _seconds(work: Callable[[], None], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started
