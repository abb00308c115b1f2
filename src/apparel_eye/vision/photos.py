"""Reading photos: the one way from bytes to pixels, with the limits checked before anything is decoded."""

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from apparel_eye.parameters import IngestParameters, ResizeMode

Pixels = NDArray[np.uint8]
Item = TypeVar("Item")
Result = TypeVar("Result")

_HEAD_BYTES = 64


class PhotoError(ValueError):
    """A file that is not a photo we can use; ``reason`` is a short fixed code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def read_photo(data: bytes, limits: IngestParameters) -> Image.Image:
    """Decode a photo to upright RGB; transparency is laid on white.

    Raises:
        PhotoError: the bytes are not a whole photo of an allowed format within the limits.
    """
    if not data:
        raise PhotoError("empty", "the file has no bytes")
    if data[:_HEAD_BYTES].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise PhotoError("not an image", "HTML (download error page?)")
    if data.startswith(b"version https://git-lfs"):
        raise PhotoError("not an image", "a Git LFS pointer; run `git lfs pull`")
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # another library may have set it: half a photo would pass for a whole one
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=limits.formats)
        except Image.DecompressionBombError as error:  # Pillow's own limit, where ours is higher or not yet asked
            raise PhotoError("too large", str(error)) from error
        except (OSError, ValueError, SyntaxError) as error:
            raise PhotoError("not an image", f"no {'/'.join(limits.formats)} in it") from error
        _check_limits(image, limits)
        try:
            image.load()
            return _as_rgb(ImageOps.exif_transpose(image))
        except (OSError, ValueError, SyntaxError, MemoryError, EOFError) as error:
            raise PhotoError("truncated", f"it cannot be decoded: {error}") from error


def resize_photo(image: Image.Image, size: tuple[int, int], mode: ResizeMode) -> Pixels:
    """A photo as pixels of shape (height, width, 3): squashed to the size, or padded with its mean color."""
    height, width = size
    if mode == "squash":
        return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    color = tuple(int(mean) for mean in np.asarray(image.resize((1, 1), Image.Resampling.BOX))[0, 0])
    return np.asarray(ImageOps.pad(image, (width, height), Image.Resampling.BICUBIC, color=color))


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Map in order over all cores, with only a few results waiting; Pillow decodes outside Python's lock."""
    iterator = iter(items)
    num_threads = os.cpu_count() or 1
    with ThreadPoolExecutor(num_threads) as pool:
        waiting = [pool.submit(function, item) for item in islice(iterator, 4 * num_threads)]
        while waiting:
            done = waiting.pop(0)
            waiting += [pool.submit(function, item) for item in islice(iterator, 1)]
            yield done.result()


def _check_limits(image: Image.Image, limits: IngestParameters) -> None:
    width, height = image.size
    short, long = sorted((width, height))
    if width * height > limits.max_pixels:
        raise PhotoError("too large", f"{width} x {height} pixels are more than {limits.max_pixels:,}")
    if short < limits.min_side:
        raise PhotoError("too small", f"{width} x {height} pixels; the short side must have {limits.min_side}")
    if long > limits.max_side_ratio * short:
        raise PhotoError("too long", f"{width} x {height} pixels are longer than {limits.max_side_ratio:g}:1")


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.fromarray((np.asarray(image) // 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        ground = Image.new("RGBA", with_alpha.size, "white")
        return Image.alpha_composite(ground, with_alpha).convert("RGB")
    return image.convert("RGB")
