"""What a run prints never stops it: not a reader who leaves, nor letters that the terminal does not have."""

import io
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO


def make_lasting() -> None:
    """Let standard output and error go on whatever becomes of their other end; what nobody can read is left out."""
    logging.raiseExceptions = False  # else logging prints a traceback of its own
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:  # closed before the run began
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper) and isinstance(stream.buffer, io.BufferedWriter | io.FileIO):
            lasting = _lasting(stream)
            setattr(sys, name, lasting)
            _redirect_logging(stream, lasting)


class _Lasting(io.FileIO):
    """A file, terminal or pipe; nothing takes its place once it cannot be written to."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
            return super().write(data)


def _lasting(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    with suppress(OSError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Lasting(stream.fileno(), "wb", closefd=False)),
        stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _redirect_logging(old: TextIO, new: TextIO) -> None:
    loggers = [logging.root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if isinstance(handler, logging.StreamHandler) and handler.stream is old:
            handler.setStream(new)
