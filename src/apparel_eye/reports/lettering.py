"""Names on figures: as long as there is room, and never taken for formulas."""

from collections.abc import Iterable
from functools import cache

from matplotlib.textpath import TextPath

POINTS = 72
"""Per inch."""
NAME = 2.2
"""Inches of the longest name beside an axis."""
FONT = 10.0
"""Points, matplotlib's own choice."""
_SPARE = 0.95
"""Letters are moved to whole pixels when they are drawn."""
_ELLIPSIS = "…"


def names_of(values: Iterable[str]) -> list[str]:
    """Values as they are written beside an axis."""
    return [fitted(value, NAME, FONT) for value in values]


@cache
def fitted(text: str, inches: float, size: float) -> str:
    """A line of text that is no wider than that, without its middle where need be.

    Args:
        text: a line; its start and its end tell names apart, and a number at its end is kept.
        inches: that it may take.
        size: of the font, in points.
    """
    room, wanted = _SPARE * inches * POINTS, _width(text, size)
    kept, shown = len(text), text
    if wanted > room:
        kept = min(kept, int(1.2 * len(text) * room / wanted) + 2)  # not many more than there is room for
        shown = _shortened(text, kept)
    while kept > 2 and _width(shown, size) > room:
        kept -= 1
        shown = _shortened(text, kept)
    return shown.replace("$", r"\$")  # two of them would enclose a formula


def _shortened(text: str, kept: int) -> str:
    return text[: kept - kept // 2] + _ELLIPSIS + text[len(text) - kept // 2 :]


def _width(text: str, size: float) -> float:
    """In points."""
    if not text.strip():
        return 0.0
    return float(TextPath((0, 0), text.replace("$", "S"), size=size).get_extents().width)
