"""Photos of an array on disk, a batch at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Rows

Batch = TypeVar("Batch")
Made = TypeVar("Made")
_LARGEST = float(np.finfo(np.float16).max)


def read(pixels: Pixels, rows: Rows, where: torch.device) -> Tensor:
    """The photos of some rows, uint8, shape (B, H, W, 3), on their way to the device."""
    photos = torch.from_numpy(pixels[rows])  # indexing copies them out of the memory-mapped file
    return photos.pin_memory().to(where, non_blocking=True) if where.type == "cuda" else photos.to(where)


def to_host(values: Tensor) -> Tensor:
    """Numbers of the device in the processor's memory, one after the other; the counterpart of ``read``."""
    values = values.contiguous()
    return torch.empty_like(values, device="cpu", pin_memory=True).copy_(values) if values.is_cuda else values


def read_ahead(read: Callable[[Batch], Made], batches: Iterable[Batch], num_threads: int) -> Iterator[Made]:
    """What ``read`` gives for each batch, in order; as many threads read what comes next meanwhile."""
    if not num_threads:
        yield from map(read, batches)
        return
    with ThreadPoolExecutor(num_threads) as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for each in batches:
                waiting.append(pool.submit(read, each))
                if len(waiting) > num_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:  # who wants no more does not wait for what was not begun
                future.cancel()


def to_half(values: Tensor) -> Tensor:
    """As 16-bit floats; what is beyond their range becomes the largest of them, not infinite."""
    return values.float().clamp(-_LARGEST, _LARGEST).to(torch.float16)
