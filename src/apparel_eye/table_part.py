"""A part of a table that is written row by row, because the whole would not fit in memory."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class TablePart:
    """Rows ``start`` up to ``stop`` of a table of ``num_rows`` rows."""

    start: int
    num_rows: int
    rows: pd.DataFrame

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + len(self.rows)
