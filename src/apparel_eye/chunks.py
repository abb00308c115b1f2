"""Arrays and tables that come in parts, because the whole would not fit in memory, and slices of long sequences."""

from collections.abc import Iterator, Sized
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import pandas as pd
from numpy.typing import NDArray


class _Items(Protocol):
    def __len__(self) -> int: ...
    def __getitem__(self, key: slice, /) -> Any: ...


Items = TypeVar("Items", bound=_Items)
Rows = TypeVar("Rows", bound=Sized)


@dataclass(frozen=True)
class Chunk(Generic[Rows]):
    """Rows ``start`` up to ``stop`` of an array or a table of ``num_rows`` rows.

    No rows at the end (``start == num_rows > 0``) with nothing before them say that the whole stays as it is.
    """

    start: int
    num_rows: int
    rows: Rows

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + len(self.rows)


ArrayChunk = Chunk[NDArray[Any]]
TableChunk = Chunk[pd.DataFrame]


def slices(items: Items, size: int) -> Iterator[Items]:
    """``size`` items of a sequence or an array at a time, in order; the last slice has what is left."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
