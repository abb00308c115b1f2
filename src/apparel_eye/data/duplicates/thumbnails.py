"""Small grey squares by which copies of a photo are recognized."""

import numpy as np
from PIL import Image

from apparel_eye.data.reading.photos import Pixels

SIDE = 64
"""Pixels."""
_MOST = 0.12
"""Share of a side that can be taken for padding: 10 % of the photo, added at both ends, are 8.3 % of the whole."""
_UNIFORM = 4
"""Grey levels by which JPEG makes the pixels of a padded border differ."""


def thumbnail(image: Image.Image) -> Pixels:
    """A photo without its padding, grey and squashed to a square, shape (``SIDE``, ``SIDE``)."""
    grey = image.convert("L")
    pixels = np.asarray(grey)
    height, width = pixels.shape
    top, bottom = _padding(pixels), _padding(pixels[::-1])
    left, right = _padding(pixels.T), _padding(pixels.T[::-1])
    box = (left, top, width - right, height - bottom)
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX, box=box))


def _padding(lines: Pixels) -> int:
    """How many of the first lines are of one color."""
    color = int(np.sort(lines[0])[lines.shape[1] // 2])
    for number, line in enumerate(lines[: int(_MOST * len(lines))]):
        deviation = np.abs(line.astype(np.int16) - color)
        if deviation.max() > 3 * _UNIFORM or deviation.mean() > _UNIFORM / 2:
            return number
    return int(_MOST * len(lines))
