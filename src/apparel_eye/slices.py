"""Long sequences, a part at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def slices(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """``size`` items at a time, in order; the last slice has what is left."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
