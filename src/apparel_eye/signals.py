"""Being asked to stop: by Ctrl-C, or by SIGTERM, as schedulers and shells ask.

Files are written whole or not at all, so work may be left anywhere, at once. Only training asks for time to finish its
step and to save how far it has come. Whoever asks a second time is obeyed at once.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAME = 0.3
"""Seconds. Within them it is the same request: ``timeout``, for one, signals its child and then the child's group."""
_asked: list[tuple[int, float]] = []
_deferred = 0


class Interrupted(KeyboardInterrupt):
    """The run was asked to stop.

    Attributes:
        signal_number: SIGINT's or SIGTERM's.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.signal_number = signal_number


@contextmanager
def handled() -> Iterator[None]:
    """Within it, a signal raises ``Interrupted``; a second one ends the process as if nobody had listened."""
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():  # signals come to the main one only
        yield
        return
    before = {number: signal.signal(number, _ask) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _asked.clear()


@contextmanager
def deferred() -> Iterator[None]:
    """Within it, a signal is only noted; the caller looks at ``requested`` and raises by ``stop``."""
    global _deferred
    _deferred += 1
    try:
        yield
    finally:
        _deferred -= 1


def ask() -> None:
    """Note that the run was asked to stop, as another process tells; nothing is raised here."""
    _asked.append((signal.SIGTERM, time.monotonic()))


def requested() -> bool:
    """Whether the run was asked to stop."""
    return bool(_asked)


def stop() -> None:
    """Stop now, if that was asked for.

    Raises:
        Interrupted: it was.
    """
    if _asked:
        raise Interrupted(_asked[0][0])


def _ask(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if _asked:
        if now - _asked[0][1] >= _SAME:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        return
    _asked.append((number, now))
    if not _deferred:
        stop()
    logger.info("%s: stopping after this step, which is saved; once more to stop at once", signal.Signals(number).name)
