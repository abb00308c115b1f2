"""How high and wide a stage's photos are."""

from collections.abc import Sequence

import numpy as np

Size = tuple[int, int]
"""Height and width in pixels."""

MULTIPLE = 32
"""Of pixels: the stride of the last feature map of nearly all backbones."""


def stage_size(size: Size | int, heights: Sequence[int], widths: Sequence[int], multiple: int = MULTIPLE) -> Size:
    """Height and width of a stage: as given, or of about the given area with the photos' median side ratio.

    Among sizes in multiples of 32, or of what the backbone needs, the one closest to area and ratio (in logarithms) is
    taken.
    """
    if not isinstance(size, int):
        return size
    ratio = float(np.median(np.asarray(heights) / np.asarray(widths)))
    sides = np.arange(1, max(2, 2 * int(size**0.5) // multiple) + 1) * multiple
    height, width = np.meshgrid(sides, sides, indexing="ij")
    misfit = np.abs(np.log(height * width / size)) + np.abs(np.log(height / width / ratio))
    best = np.unravel_index(np.argmin(misfit), misfit.shape)
    return int(height[best]), int(width[best])
