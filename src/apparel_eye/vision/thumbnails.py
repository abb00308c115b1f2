"""Small grey squares by which copies of a photo are recognized."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from apparel_eye.vision.reading.photos import Pixels

SIDE = 64
"""Pixels."""
_MOST = 0.12
"""Share of a side that can be taken for padding: 10 % of the photo, added at both ends, are 8.3 % of the whole."""
_UNIFORM = 4
"""Grey levels by which JPEG makes the pixels of a padded border differ."""


def thumbnail(image: Image.Image) -> Pixels:
    """A photo without its padding, grey and squashed to a square, shape (``SIDE``, ``SIDE``)."""
    grey = image.convert("L")
    pixels = np.asarray(grey, dtype=np.int16)
    height, width = pixels.shape
    top, bottom = _padding(pixels), _padding(pixels[::-1])
    left, right = _padding(pixels.T), _padding(pixels.T[::-1])
    box = (left, top, width - right, height - bottom)
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX, box=box))


def _padding(lines: NDArray[np.int16]) -> int:
    """How many of the first lines are of one color."""
    outer = lines[: int(_MOST * len(lines))]
    if not len(outer):
        return 0
    deviation = np.abs(outer - np.median(lines[0]).astype(np.int16))
    uniform = (deviation.max(axis=1) <= 3 * _UNIFORM) & (deviation.mean(axis=1) <= _UNIFORM / 2)
    return int(uniform.cumprod().sum())
