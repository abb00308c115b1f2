import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from apparel_eye import signals
from apparel_eye.signals import Interrupted

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)


def ask_self(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)


@both
@pytest.mark.fault(95)
def test_a_signal_is_raised_where_it_comes(number: signal.Signals) -> None:
    with pytest.raises(Interrupted) as caught, signals.handled():
        ask_self(number)
    assert caught.value.signal_number == number
    assert str(caught.value) == number.name


@both
@pytest.mark.fault(95)
def test_a_deferred_signal_is_only_noted_and_told(number: signal.Signals, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with signals.handled():
        with signals.deferred():
            assert not signals.requested()
            signals.stop()
            ask_self(number)
            assert signals.requested()
        with pytest.raises(Interrupted, match=number.name):
            signals.stop()
    assert f"{number.name}: stopping after this step" in caplog.text


@pytest.mark.fault(95)
def test_the_same_request_twice_at_once_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """``timeout`` signals its child, and then the child's group."""
    with signals.handled(), signals.deferred():
        ask_self(signal.SIGTERM)
        ask_self(signal.SIGTERM)
        ask_self(signal.SIGINT)
        assert signals.requested()


def test_another_process_may_ask_too() -> None:
    with signals.handled():
        thread = threading.Thread(target=signals.ask)
        thread.start()
        thread.join()
        with pytest.raises(Interrupted, match="SIGTERM"):
            signals.stop()


def test_afterwards_signals_do_what_they_did_before_and_nothing_is_asked() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with signals.handled(), signals.deferred():
        assert all(signal.getsignal(number) != handler for number, handler in before.items())
        ask_self(signal.SIGTERM)
    assert {number: signal.getsignal(number) for number in before} == before
    assert not signals.requested()


def test_in_another_thread_nothing_is_handled() -> None:
    def run() -> None:
        with signals.handled():
            ran.append(True)

    ran: list[bool] = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ran == [True]


SLOW_STEP = """
import sys, time
from apparel_eye import interruption
with signals.handled():
    with signals.deferred():
        print("begun", flush=True)
        end = time.monotonic() + float(sys.argv[1])
        while time.monotonic() < end:
            time.sleep(0.01)
        print("saved", flush=True)
    signals.stop()
"""


@contextmanager
def slow_step(seconds: float) -> Iterator[Any]:
    """A process in the midst of a step that is deferred."""
    process = subprocess.Popen([sys.executable, "-c", SLOW_STEP, str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@both
@pytest.mark.fault(95)
def test_who_asks_twice_is_obeyed_at_once(number: signal.Signals) -> None:
    with slow_step(30) as process:
        process.send_signal(number)
        time.sleep(0.5)
        assert process.poll() is None
        asked = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=10) == -number  # as if nobody had listened
        assert time.monotonic() - asked < 2
        assert process.stdout.read() == ""


@pytest.mark.fault(96)
def test_a_pause_is_no_request() -> None:
    with slow_step(1) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == "saved\n"


@pytest.mark.fault(95, 96)
def test_a_request_during_a_pause_is_heard_after_it() -> None:
    with slow_step(0.5) as process:
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        process.wait(timeout=10)
        assert process.stdout.read() == "saved\n"
        assert process.returncode != 0
