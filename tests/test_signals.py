import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import pause, wait_until

from apparel_eye import signals
from apparel_eye.signals import Interrupted

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)


@both
@pytest.mark.fault(95)
def test_a_signal_is_raised_where_it_comes(number: signal.Signals) -> None:
    with pytest.raises(Interrupted) as caught, signals.handled():
        signal.raise_signal(number)
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
            signal.raise_signal(number)
            assert signals.requested()
        with pytest.raises(Interrupted, match=number.name):
            signals.stop()
    assert f"{number.name}: stopping after this step" in caplog.text


@pytest.mark.fault(95)
def test_the_same_request_twice_at_once_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """``timeout`` signals its child, and then the child's group."""
    monkeypatch.setattr(signals, "time", SimpleNamespace(monotonic=itertools.count(7.0, 0.14).__next__))
    with signals.handled(), signals.deferred():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
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
        signal.raise_signal(signal.SIGTERM)
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
import logging, sys
from apparel_eye import signals
logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
with signals.handled():
    with signals.deferred():
        print("begun", flush=True)
        sys.stdin.read()
        print("saved", flush=True)
    signals.stop()
"""


@contextmanager
def slow_step() -> Iterator[Any]:
    """A process in the midst of a step that is deferred, which ends when its input does."""
    command = [sys.executable, "-c", SLOW_STEP]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@both
@pytest.mark.fault(95)
def test_who_asks_twice_is_obeyed_at_once(number: signal.Signals) -> None:
    def ask_again() -> bool:
        process.send_signal(number)
        return process.poll() is not None

    with slow_step() as process:
        process.send_signal(number)
        assert process.stdout.readline().startswith(f"{number.name}: stopping after this step")
        assert process.poll() is None
        wait_until(ask_again)
        assert process.returncode == -number  # as if nobody had listened
        assert process.stdout.read() == ""


@pytest.mark.fault(96)
def test_a_pause_is_no_request() -> None:
    with slow_step() as process:
        pause(process.pid)
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        assert process.communicate()[0] == "saved\n"
        assert process.returncode == 0


@pytest.mark.fault(95, 96)
def test_a_request_during_a_pause_is_heard_after_it() -> None:
    with slow_step() as process:
        pause(process.pid)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        assert process.communicate()[0].splitlines()[1:] == ["saved"]
        assert process.returncode != 0
