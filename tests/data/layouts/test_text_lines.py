import os
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from apparel_eye.data.layouts.csv_rows import read_rows
from apparel_eye.data.layouts.text_lines import MAX_LINE, read_lines
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError, SystemEnvironmentError

Nobody = Callable[[], AbstractContextManager[None]]


@pytest.mark.fault(91)
@pytest.mark.parametrize("is_quoted", [False, True])
def test_a_line_of_two_gigabytes_is_refused_in_bounded_memory(tmp_path: Path, is_quoted: bool) -> None:
    with (tmp_path / "label.csv").open("wb") as file:
        file.write(b'"' if is_quoted else b"x" * 4096)  # what follows is a hole: it takes no space on disk
        file.write(b"a" * MAX_LINE)
        file.truncate(2**31)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"label.csv, line 1 is longer than 10,000 characters"):
            list(read_rows(RawFolder(tmp_path, ()), "label.csv", ("path", "text")))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.fault(91)
def test_a_line_may_be_just_as_long_as_allowed(tmp_path: Path) -> None:
    (tmp_path / "label.csv").write_text("x" * (MAX_LINE - 1) + "\n" + "y" * MAX_LINE)
    assert [len(line) for line in read_lines(RawFolder(tmp_path, ()), "label.csv")] == [MAX_LINE, MAX_LINE]


@pytest.mark.fault(91)
def test_a_cell_that_never_ends_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    (tmp_path / "label.csv").write_text('"' + "a\n" * 1_000_000)
    with pytest.raises(DataError, match=r"label.csv, line \d+ is no CSV: field larger"):
        list(read_rows(RawFolder(tmp_path, ()), "label.csv", ("path", "text")))


@pytest.mark.fault(37)
def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "label.csv")
    with pytest.raises(DataError, match=r"label.csv cannot be read \(not a regular file\)"):
        list(read_lines(RawFolder(tmp_path, ()), "label.csv"))


@pytest.mark.fault(55)
def test_a_table_that_may_not_be_read_stops_for_the_surroundings(open_folder: Path, nobody: Nobody) -> None:
    (open_folder / "label.csv").write_text("a/b,c")
    (open_folder / "label.csv").chmod(0)
    with nobody():
        with pytest.raises(PermissionError):
            (open_folder / "label.csv").open()
        with pytest.raises(SystemEnvironmentError, match=r"label.csv cannot be read \(Permission denied\)"):
            list(read_lines(RawFolder(open_folder, ()), "label.csv"))
