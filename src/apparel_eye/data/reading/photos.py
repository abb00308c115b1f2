"""Reading photos: the one way from bytes to pixels, with the limits checked before anything is decoded."""

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from apparel_eye.data.reading.colors import as_rgb
from apparel_eye.data.reading.containers import Container, check_size, scan_container
from apparel_eye.data.reading.oddities import oddities
from apparel_eye.data.reading.orientation import QUARTER_TURNS, orientation_of, upright
from apparel_eye.data.reading.signatures import recognize
from apparel_eye.data.reading.verdicts import FIXES, PhotoError
from apparel_eye.parameters import PhotoParameters, ResizeMode

__all__ = ["Photo", "PhotoError", "Pixels", "at_height", "in_bursts", "in_threads", "read_photo", "resize_photo"]

Pixels = NDArray[np.uint8]
Item = TypeVar("Item")
Result = TypeVar("Result")

# Both once and for all: photos are read in threads, which share what one would switch off and on around a photo.
warnings.filterwarnings("ignore", module=r"PIL\.")  # odd metadata and palettes; what matters of it is in the fixes
Image.MAX_IMAGE_PIXELS = None  # our own limit is asked for every photo, and a user may set it higher than Pillow's


@dataclass(frozen=True)
class Photo:
    """A decoded photo.

    ``image`` is upright RGB, perhaps reduced, see ``read_photo``; ``width`` and ``height`` are upright and of the full
    size; ``fixes`` are keys of ``verdicts.FIXES``, in their order.
    """

    image: Image.Image
    width: int
    height: int
    fixes: tuple[str, ...]


def read_photo(data: bytes, limits: PhotoParameters, at_least: int | None = None) -> Photo:
    """Decode a photo.

    Args:
        data: a file's bytes, which alone decide on its format.
        limits: what a photo must be like.
        at_least: pixels that the short side needs; a JPEG is then decoded at the smallest of 1, 1/2, 1/4 and 1/8 of its
            size that has them, which takes a part of the time and finds the same damage.

    Raises:
        PhotoError: the bytes are not a whole photo of an allowed format within the limits.
    """
    if not data:
        raise PhotoError("empty", "the file has no bytes; copy or download it again")
    if len(data) > limits.max_bytes:
        raise PhotoError("too large", f"{len(data):,} bytes are more than {limits.max_bytes:,}; make it smaller")
    name = recognize(data, limits.formats)
    container = scan_container(data, name, limits)
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # another library may have set it: half a photo would pass for a whole one
    try:
        return _decode(container, name, limits, at_least)
    except PhotoError:
        raise
    except Exception as error:  # parsers raise nearly everything for bytes that are bad enough
        raise _refusal(error, name) from error


def resize_photo(image: Image.Image, size: tuple[int, int], mode: ResizeMode) -> Pixels:
    """A photo as pixels of shape (height, width, 3)."""
    height, width = size
    return np.asarray(RESIZE_MODES[mode](image, (width, height)))


def squash(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """All of it, its side ratio changed."""
    return image.resize(size, Image.Resampling.BICUBIC)


def pad(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """All of it, its mean color beside it."""
    color = tuple(int(mean) for mean in np.asarray(image.resize((1, 1), Image.Resampling.BOX))[0, 0])
    return ImageOps.pad(image, size, Image.Resampling.BICUBIC, color=color)


def crop(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Its center."""
    return ImageOps.fit(image, size, Image.Resampling.BICUBIC)


RESIZE_MODES: dict[str, Callable[[Image.Image, tuple[int, int]], Image.Image]] = {
    "squash": squash,
    "pad": pad,
    "crop": crop,
}
"""How a photo gets a width and height, by their names."""


def at_height(image: Image.Image, height: int) -> Pixels:
    """A photo as pixels of a height, its side ratio kept."""
    return resize_photo(image, (height, max(1, round(height * image.width / image.height))), "squash")


def in_threads(function: Callable[[Item], Result], items: Iterable[Item], num_waiting: int = 0) -> Iterator[Result]:
    """Map in order over all cores; Pillow decodes outside Python's lock.

    Args:
        function: of an item.
        items: any number of them.
        num_waiting: results that may wait to be taken; a few if 0.
    """
    iterator = iter(items)
    num_threads = os.cpu_count() or 1
    with ThreadPoolExecutor(num_threads) as pool:
        waiting = [pool.submit(function, item) for item in islice(iterator, max(num_waiting, 4 * num_threads))]
        while waiting:
            done = waiting.pop(0)
            waiting += [pool.submit(function, item) for item in islice(iterator, 1)]
            yield done.result()


def in_bursts(function: Callable[[Item], Result], bursts: Iterable[Sequence[Item]]) -> Iterator[Result]:
    """Map in order over all cores; after a burst nothing is done until an item of the next is asked for."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for burst in bursts:
            yield from pool.map(function, burst)


def _decode(container: Container, name: str, limits: PhotoParameters, at_least: int | None) -> Photo:
    image = Image.open(io.BytesIO(container.data), formats=(name,))
    width, height = image.size
    check_size(width, height, limits)
    found = list(container.fixes)
    if getattr(image, "is_animated", False):  # some parsers count all frames for their number, none for this
        found.append("first frame")
    if at_least is not None:
        image.draft(None, (at_least, at_least))
    image.load()
    rgb, color_fixes = as_rgb(image, limits.ground)
    exif = container.data if name == "TIFF" else container.exif or image.info.get("exif", b"")
    orientation = orientation_of(exif)
    if name != "TIFF":  # Pillow has turned those itself, and their size with them
        rgb = upright(rgb, orientation)
        width, height = (height, width) if orientation in QUARTER_TURNS else (width, height)
    found += [*color_fixes, *oddities(rgb), *(["orientation"] if orientation > 1 else [])]
    return Photo(rgb, width, height, tuple(code for code in FIXES if code in found))


def _refusal(error: Exception, name: str) -> PhotoError:
    said = "its header" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__
    if "MAX_TEXT_CHUNK" in said or "text chunks" in said:  # Pillow's words for compressed texts that never end
        return PhotoError("metadata too large", f"the {name}'s texts unpack to more than 1 MB; save it without them")
    reason = "truncated" if isinstance(error, EOFError) or "truncated" in said.lower() else "damaged"
    return PhotoError(reason, f"the {name} cannot be decoded ({said}); copy or download it again")
