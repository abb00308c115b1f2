"""A child process that may be killed."""

import os
import pickle
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def in_child() -> Callable[[Callable[[], Any]], tuple[int, Any]]:
    """Call a function in a forked process: the status it ended with, as of ``os.waitpid``, and what it returned."""

    def call(function: Callable[[], Any]) -> tuple[int, Any]:
        receiving, sending = os.pipe()
        child = os.fork()
        if not child:
            status = 1
            try:
                os.write(sending, pickle.dumps(function()))
                status = 0
            finally:
                os._exit(status)
        os.close(sending)
        with os.fdopen(receiving, "rb") as pipe:
            returned = pipe.read()
        return os.waitpid(child, 0)[1], pickle.loads(returned) if returned else None

    return call
