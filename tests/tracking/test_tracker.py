import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread, current_thread
from typing import Any

import pytest
from mlflow import MlflowClient
from waiting import HOUR, wait_until

from apparel_eye.tracking.delivery import replay
from apparel_eye.tracking.tracker import Tracker

STEPS = range(1, 4)
SCRIPT = """
import signal, sys
from pathlib import Path
from apparel_eye.tracking.tracker import Tracker
tracker = Tracker(sys.argv[1], Path(sys.argv[2]))
tracker.start("apparel-eye", {"mlflow.runName": "killed"})
tracker.log_metrics([("loss", 0.5, 1)])
print("started", flush=True)
signal.pause()
"""


class Bench:
    """Runs with a fixed content."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.file = folder / "weights.txt"
        self.file.write_text("weights")

    def start(self, uri: str, name: str = "train skirts") -> Tracker:
        tracker = Tracker(uri, self.spool)
        tracker.start("apparel-eye", {"mlflow.runName": name})
        tracker.log_params({f"parameter{number}": str(number) for number in range(150)})
        return tracker

    def go_on(self, tracker: Tracker, patience: float = HOUR) -> None:
        for step in STEPS:
            tracker.log_metrics(
                [("small/fine_tune/loss", 1 / step, step), ("small/fine_tune/accuracy", float("nan"), step)]
            )
        tracker.log_artifact(self.file)
        tracker.end("FINISHED", patience)

    def run(self, uri: str, patience: float = HOUR, name: str = "train skirts") -> None:
        self.go_on(self.start(uri, name), patience)

    def journals(self) -> list[Path]:
        return sorted(self.spool.glob("*"))


def check(run: Any, earliest: int, latest: int) -> None:
    """MLflow knows exactly what a run of the bench said between two times."""
    assert (run.name, run.status) == ("train skirts", "FINISHED")
    assert run.params == {f"parameter{number}": str(number) for number in range(150)}
    assert [(step, value) for step, value, _ in run.metrics["small/fine_tune/loss"]] == [
        (step, 1 / step) for step in STEPS
    ]
    assert [step for step, _, _ in run.metrics["small/fine_tune/accuracy"]] == list(STEPS)
    assert run.artifacts == {"weights.txt": "weights"}
    moments = [time for metric in run.metrics.values() for _, _, time in metric]
    assert earliest <= min(moments) <= max(moments) <= latest
    assert earliest <= run.times[0] <= run.times[1] <= latest


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = [record for record in caplog.records if record.name.startswith("apparel_eye")]
    return [record.getMessage() for record in records if record.levelno >= logging.WARNING]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def now() -> int:
    return int(time.time() * 1000)


def test_mlflow_is_told_everything_and_nothing_is_left(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    before = now()
    bench.run(f"sqlite:///{database}")
    [run] = told(database)
    check(run, before, now())
    assert bench.journals() == []
    assert warnings_of(caplog) == []


@pytest.mark.fault(102, 103)
def test_a_run_loses_no_time_to_a_broken_mlflow_and_a_later_run_tells_it_once(
    bench: Bench,
    database: Path,
    broken_uri: str,
    told: Callable[[Path], list[Any]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, join = now(), Thread.join
    waits: list[float] = []
    speakers: list[Thread] = []

    def note_wait(thread: Thread, timeout: float) -> None:
        waits.append(timeout)
        join(thread, timeout)

    def note_speaker(uri: str) -> MlflowClient:
        speakers.append(current_thread())
        return MlflowClient(uri)

    with monkeypatch.context() as patch:
        patch.setattr(Thread, "join", note_wait)
        patch.setattr("apparel_eye.tracking.tracker.MlflowClient", note_speaker)
        tracker = bench.start(broken_uri)
        assert waits == []
        bench.go_on(tracker, patience=1)
    assert current_thread() not in speakers
    assert [wait for wait in waits if wait > 1] == []
    after = now()
    [warning] = warnings_of(caplog)
    [journal] = bench.journals()
    assert broken_uri in warning
    assert str(journal) in warning
    kept = bench.file.with_name("kept.jsonl")
    shutil.copy(journal, kept)
    tracker._journal.close(delete=False)  # as if its process, where a thread may still wait for MLflow, were over
    wait_until(lambda: now() > after)  # so that the later one begins later
    bench.run(f"sqlite:///{database}", name="the later one")
    first, second = told(database)
    check(first, before, after)
    assert second.name == "the later one"
    assert bench.journals() == []
    bench.spool.mkdir()
    shutil.copy(kept, journal)  # a kill before the journal could be deleted
    replay(f"sqlite:///{database}", bench.spool)
    assert str(told(database)) == str([first, second])  # as text: no NaN equals another
    assert bench.journals() == []


@pytest.mark.fault(102, 103)
def test_an_mlflow_that_breaks_in_mid_run_is_told_the_rest_once_it_is_back(
    bench: Bench,
    database: Path,
    told: Callable[[Path], list[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    before, uri = now(), f"sqlite:///{database}"
    tracker = bench.start(uri)
    tracker.log_metrics([("early", 0.5, 1)])
    wait_until(lambda: any("early" in run.metrics for run in told(database)))
    good = database.read_bytes()
    database.write_bytes(b"no database" * (len(good) // 11))
    bench.go_on(tracker)
    assert len(warnings_of(caplog)) == 1
    after = now()
    database.write_bytes(good)
    [half] = told(database)
    assert half.status == "RUNNING"
    replay(uri, bench.spool)
    [run] = told(database)
    check(run, before, after)
    assert run.metrics["early"] == half.metrics["early"]
    assert bench.journals() == []


@pytest.mark.fault(102)
def test_a_run_that_was_killed_is_marked_so_and_one_that_lives_is_not(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    command = [sys.executable, "-c", SCRIPT, f"sqlite:///{database}", str(bench.spool)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        wait_until(lambda: any(run.metrics for run in told(database)))
        bench.run(f"sqlite:///{database}")
        assert {run.name: run.status for run in told(database)} == {"killed": "RUNNING", "train skirts": "FINISHED"}
        os.kill(process.pid, signal.SIGKILL)
    bench.run(f"sqlite:///{database}")
    killed, *others = told(database)
    assert (killed.name, killed.status, killed.metrics["loss"][0][:2]) == ("killed", "KILLED", (1, 0.5))
    assert killed.times[1] >= killed.times[0]
    assert [run.status for run in others] == ["FINISHED", "FINISHED"]
    assert bench.journals() == []


@pytest.mark.fault(101)
@pytest.mark.parametrize("clock", [[1_790_000_000.0], [1_790_000_000.0, 1_789_000_000.0]], ids=["stands", "jumps back"])
def test_runs_stay_apart_whatever_the_clock_says(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]], monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    for moment in (clock * 3)[:3]:
        monkeypatch.setattr("apparel_eye.tracking.tracker._now", lambda moment=moment: int(moment * 1000))
        bench.run(f"sqlite:///{database}")
    runs = told(database)
    assert len(runs) == len({run.tags["run_id"] for run in runs}) == 3
    for run in runs:
        check(run, int(min(clock) * 1000), int(max(clock) * 1000))


@pytest.mark.fault(97)
def test_without_a_place_for_the_journal_mlflow_is_told_all_the_same(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    before = now()
    bench.spool.write_text("not a folder")
    bench.run(f"sqlite:///{database}")
    [run] = told(database)
    check(run, before, now())


def test_a_line_that_mlflow_refuses_does_not_keep_it_from_the_others(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    before = now()
    tracker = bench.start(f"sqlite:///{database}")
    tracker.log_params({"parameter1": "another value"})
    bench.go_on(tracker)
    [run] = told(database)
    check(run, before, now())
    [warning] = warnings_of(caplog)
    assert "MLflow refuses params" in warning
    assert bench.journals() == []


def test_long_values_are_cut_and_many_metrics_sent_in_parts(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]]
) -> None:
    tracker = bench.start(f"sqlite:///{database}")
    tracker.log_params({"long": "x" * 10_000})
    tracker.log_metrics([("many", 0.5, step) for step in range(2500)])
    tracker.end("FINISHED", HOUR)
    [run] = told(database)
    assert run.params["long"] == "x" * 6000
    assert [step for step, _, _ in run.metrics["many"]] == list(range(2500))


def test_a_file_that_has_changed_since_its_run_is_not_sent_as_its_own(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    bench.run("http://127.0.0.1:9")
    os.utime(bench.file, ns=(0, 0))
    replay(f"sqlite:///{database}", bench.spool)
    [run] = told(database)
    assert run.artifacts == {}
    assert any(f"{bench.file} has changed" in warning for warning in warnings_of(caplog))


@pytest.mark.fault(102)
def test_every_line_is_in_the_journal_as_soon_as_it_is_said(bench: Bench) -> None:
    tracker = bench.start("http://127.0.0.1:9")
    [journal] = bench.journals()
    for count in range(3, 6):
        tracker.log_metrics([("loss", 0.5, count)])
        assert [json.loads(text)["do"] for text in journal.read_text().splitlines()][count - 1 :] == ["metrics"]
    tracker.end("KILLED", 1)
    assert json.loads(journal.read_text().splitlines()[-1])["status"] == "KILLED"


@pytest.mark.fault(102)
@pytest.mark.parametrize(
    "damaged", [b"", b"\0" * 100, b"[1, 2]\n7\n", b'{"do": "start"}\n', b'{"do": "params", "params": {}}\n']
)
def test_a_damaged_journal_does_not_keep_mlflow_from_others(
    bench: Bench, database: Path, told: Callable[[Path], list[Any]], damaged: bytes
) -> None:
    before = now()
    bench.run("http://127.0.0.1:9")
    (bench.spool / "0.jsonl").write_bytes(damaged)
    replay(f"sqlite:///{database}", bench.spool)
    [run] = told(database)
    check(run, before, now())
    assert [path.name for path in bench.journals()] == ["0.jsonl"]


@pytest.mark.fault(109)
def test_a_run_goes_on_where_no_thread_can_be_started(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        bench.run("http://127.0.0.1:9")
    [journal] = bench.journals()
    assert json.loads(journal.read_text().splitlines()[-1])["status"] == "FINISHED"
    [warning] = warnings_of(caplog)
    assert "can't start new thread" in warning
