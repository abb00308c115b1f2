"""Text files that users write: UTF-8, read line by line, in bounded memory."""

import io
from collections.abc import Iterator
from errno import EACCES

from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError, SystemEnvironmentError

MAX_LINE = 10_000
"""Characters; what has longer lines is no list or table."""


def read_lines(folder: RawFolder, file: str) -> Iterator[str]:
    """Lines with their ends: LF, CRLF or CR; a byte order mark is passed over.

    Raises:
        DataError: the file is not UTF-8, or has a very long line.
        SystemEnvironmentError: the file may not be read.
    """
    try:
        with folder.open(file) as binary:
            _refuse_utf_16(binary.peek(4096)[:4096], file)
            yield from _lines(io.TextIOWrapper(binary, "utf-8-sig", newline=""), file)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file} is not UTF-8: byte {error.object[error.start]:#04x} fits Latin-1 or another encoding with one "
            "byte per character; save it as UTF-8"
        ) from error
    except OSError as error:
        stop = SystemEnvironmentError if error.errno == EACCES else DataError
        raise stop(f"{file} cannot be read ({error.strerror}); put a readable file there") from error


def _lines(text: io.TextIOWrapper, file: str) -> Iterator[str]:
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise DataError(f"{file}, line {number} is longer than {MAX_LINE:,} characters; put a text file there")
        yield line


def _refuse_utf_16(head: bytes, file: str) -> None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(0) * 4 > len(head):
        raise DataError(f"{file} is not UTF-8 but UTF-16; save it as UTF-8")
