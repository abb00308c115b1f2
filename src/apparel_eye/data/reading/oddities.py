"""Pictures that are whole and still show nothing."""

from typing import cast

import numpy as np
from PIL import Image

_SIDE = 64
"""Of the copy that is looked at, in pixels: single pixels of the photo, so that noise stays noise."""

_SAME = 2
"""Levels by which lossy codecs change one color."""

_FAINT = 2.0
"""Standard deviation in levels below which a plain wall would be judged by its grain."""

_UNRELATED = 0.1
"""Correlation of neighbors; 64 x 64 independent pixels have 0 +- 0.016, 2,085 street photos 0.19 or more."""


def oddities(image: Image.Image) -> list[str]:
    """``one color`` or ``noise``, see ``verdicts.FIXES``, or nothing; the image is RGB."""
    width, height = image.size
    small = image.resize((min(_SIDE, width), min(_SIDE, height)), Image.Resampling.NEAREST)
    if _is_one_color(small) and _is_one_color(image):
        return ["one color"]
    return ["noise"] if _is_noise(small) else []


def _is_one_color(image: Image.Image) -> bool:
    channels = cast("tuple[tuple[int, int], ...]", image.getextrema())
    return all(high - low <= _SAME for low, high in channels)


def _is_noise(small: Image.Image) -> bool:
    gray = np.asarray(small.convert("L"), dtype=np.float32).ravel()
    gray = gray - gray.mean()
    energy = gray @ gray
    if energy < _FAINT**2 * len(gray):
        return False
    across, down = gray[1:] @ gray[:-1], gray[small.width :] @ gray[: -small.width]  # rows follow each other
    return bool(max(abs(across), abs(down)) < _UNRELATED * energy)
