"""Calls in a thread of its own, so that no run waits or fails for MLflow."""

import logging
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from textwrap import shorten
from threading import Thread
from typing import Any

from apparel_eye.errors import without_credentials

logger = logging.getLogger(__name__)

_MESSAGE_LENGTH = 200


class Background:
    """Makes calls in order, after the first that fails no further one. Nothing but ``end`` waits.

    MLflow's own asynchronous logging knows metrics, parameters and tags only, has no bound (30 batches for a silent
    server kept a program from ending for 16 s), and of each that fails a log line of its own is all that is heard.

    Args:
        uri: MLflow's, to be told.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._is_left_out = False
        self._thread = Thread(target=self._work, name="mlflow", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # there are as many threads as the system allows
            self._leave_out(in_short(error))

    def do(self, call: Callable[..., object], *args: Any) -> None:
        """Have it called, after all others."""
        self._calls.put(partial(call, *args))

    def end(self, patience: float) -> None:
        """Wait until all is done, so many seconds at most."""
        self._calls.put(None)
        if self._thread.is_alive():
            self._thread.join(patience)
        if self._thread.is_alive():
            self._leave_out(f"it has not heard all within {patience:g} s")

    def _work(self) -> None:
        for call in iter(self._calls.get, None):
            if not self._is_left_out:
                try:
                    call()
                except Exception as error:  # whatever it is, the run goes on
                    self._leave_out(in_short(error))

    def _leave_out(self, reason: str) -> None:
        if not self._is_left_out:
            self._is_left_out = True
            logger.warning(
                "MLflow (%s) is left out of this run: %s; once it answers, the same command tells it all in seconds",
                without_credentials(self._uri),
                reason,
            )


def in_short(error: Exception) -> str:
    """What went wrong; MLflow adds the whole SQL statement, or the failures of all attempts."""
    return shorten(without_credentials(str(error)), _MESSAGE_LENGTH)
