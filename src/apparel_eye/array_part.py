"""A part of an array that is written row by row, because the whole would not fit in memory."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class ArrayPart:
    """Rows ``start`` up to ``stop`` of an array of ``num_rows`` rows.

    No rows at the end (``start == num_rows > 0``) with nothing before them say that the array stays as it is.
    """

    start: int
    num_rows: int
    rows: NDArray[Any]

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + len(self.rows)
