import socket
from threading import Event, Thread, current_thread

import pytest
from waiting import HOUR

from apparel_eye.tracking.background import Background, in_short

URI = "http://me:hidden@localhost:9"


def fail(reason: str) -> None:
    raise OSError(reason)


def test_calls_are_made_in_order_by_another_thread(caplog: pytest.LogCaptureFixture) -> None:
    made: list[tuple[int, Thread]] = []
    background = Background(URI)
    for number in range(100):
        background.do(lambda number=number: made.append((number, current_thread())))
    background.end(HOUR)
    assert [number for number, _ in made] == list(range(100))
    assert current_thread() not in {thread for _, thread in made}
    assert caplog.records == []


@pytest.mark.fault(102)
def test_after_the_first_that_fails_none_is_made_and_it_is_told_once_without_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made: list[str] = []
    background = Background(URI)
    background.do(made.append, "before")
    background.do(fail, f"no route to {URI}")
    background.do(fail, "another")
    background.do(made.append, "after")
    background.end(HOUR)
    assert made == ["before"]
    [warning] = [record.getMessage() for record in caplog.records]
    assert warning == (
        "MLflow (http://***@localhost:9) is left out of this run: no route to http://***@localhost:9; "
        "once it answers, the same command tells it all in seconds"
    )


@pytest.mark.fault(102)
def test_who_does_not_answer_is_waited_for_no_longer_than_there_is_patience(caplog: pytest.LogCaptureFixture) -> None:
    made: list[str] = []
    answered = Event()
    background = Background(URI)
    background.do(answered.wait)
    background.do(made.append, "too late")
    background.end(patience=0.01)
    [warning] = [record.getMessage() for record in caplog.records]
    assert "it has not heard all within 0.01 s" in warning
    answered.set()
    background._thread.join()
    assert made == []
    assert len(caplog.records) == 1


@pytest.mark.fault(109)
def test_a_run_goes_on_where_no_thread_can_be_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        background = Background(URI)
        background.do(fail, "never called")
        background.end(HOUR)
    [warning] = [record.getMessage() for record in caplog.records]
    assert "can't start new thread" in warning


def test_errors_are_short_and_without_passwords() -> None:
    said = in_short(ValueError(f"Max retries exceeded with {URI}?token=abc " + "and so on " * 100))
    assert said.startswith("Max retries exceeded with http://***@localhost:9?token=*** and so on")
    assert len(said) <= 200


def test_a_thread_that_waits_for_an_answer_keeps_no_program_from_ending() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        background = Background(URI)
        background.do(socket.create_connection(silent.getsockname()).recv, 1)
        background.end(patience=0.01)
        assert background._thread.daemon
