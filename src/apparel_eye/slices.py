"""Long sequences, a part at a time."""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar


class _Items(Protocol):
    def __len__(self) -> int: ...
    def __getitem__(self, key: slice, /) -> Any: ...


Items = TypeVar("Items", bound=_Items)


def slices(items: Items, size: int) -> Iterator[Items]:
    """``size`` items of a sequence or an array at a time, in order; the last slice has what is left."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
