"""Small tables that users write: everything stays text, and the first fault is named by file and line."""

import csv
from collections.abc import Iterator, Sequence

from apparel_eye.data.layouts.text_lines import read_lines
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError

_MAX_SHOWN = 200


def read_rows(folder: RawFolder, file: str, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV with their line numbers; blank lines and a header are passed over.

    The first column must hold paths: a first row without a slash in it is a header.

    Raises:
        DataError: the file is no table of these columns, or has no rows.
    """
    table = csv.reader(read_lines(folder, file), strict=True)
    num_rows = 0
    try:
        for number, row in enumerate(filter(_is_row, table)):
            if len(row) != len(columns) or (number == 0 and len(set(row)) < len(row)):
                raise DataError(wrong_row(file, table.line_num, row, columns))
            if number > 0 or not _is_header(row):
                num_rows += 1
                yield table.line_num, row
    except csv.Error as error:
        raise DataError(
            f"{file}, line {table.line_num} is no CSV: {error}; close each quote and double those inside a cell"
        ) from error
    if num_rows == 0:
        raise DataError(f"{file} has no rows; write {','.join(columns)} for each photo, or remove the file")


def wrong_row(file: str, line: int, row: Sequence[str], columns: Sequence[str]) -> str:
    """The message about a row whose columns are not the expected ones."""
    found = ",".join(row)
    shown = found if len(found) <= _MAX_SHOWN else found[:_MAX_SHOWN] + " ..."
    separator = ", separated by commas" if len(row) == 1 else ""
    return (
        f"{file}, line {line} has {len(row)} columns, {shown!r}; "
        f"expected {len(columns)}{separator}, in this order: {','.join(columns)}"
    )


def _is_row(cells: Sequence[str]) -> bool:
    return len(cells) > 1 or any(cell.strip() for cell in cells)


def _is_header(row: Sequence[str]) -> bool:
    return "/" not in row[0] and not any(cell.endswith("_labels") for cell in row)
