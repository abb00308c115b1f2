"""What a kill or a signal does to a run that users start."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from waiting import pause, wait_until

NUM_EPOCHS = 100_000
"""More than anybody waits for: no run ends by itself."""


@pytest.mark.fault(93, 94)
def test_a_killed_run_that_goes_on_ends_with_the_same_bits(project: Path) -> None:
    command = [sys.executable, "-W", "ignore", "tests/kill_runs.py", "--kills", "5", "--seed", "1"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"5 of 5 equal, [3-5] killed inside a save", done.stdout), done.stdout


class Training:
    """`kedro run` that trains without end, and what it says.

    Args:
        project: its root.
        params: of the run.
        tracking: where MLflow is.
        log: file for what is said.
    """

    def __init__(self, project: Path, params: str, tracking: str, log: Path) -> None:
        kedro = Path(sys.executable).with_name("kedro")
        command = [kedro, "run", "--env=test", "--pipelines=train", f"--params={params}"]
        environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking, "PYTHONUNBUFFERED": "1"}
        self._log = log
        with log.open("w") as said:
            self.process = subprocess.Popen(command, cwd=project, env=environment, stdout=said, stderr=said)

    def until_epoch(self, number: int) -> None:
        """Wait until it has trained so many epochs."""
        wait_until(lambda: max(epochs_in(self.said()), default=0) >= number, self.process)

    def said(self) -> str:
        """All that it has said so far."""
        return self._log.read_text()

    def stop(self, asked: signal.Signals) -> tuple[int, str]:
        """Ask it to stop while it is paused: its exit code, and what it said since."""
        pause(self.process.pid)
        before = len(self.said())
        self.process.send_signal(asked)
        self.process.send_signal(signal.SIGCONT)
        return self.process.wait(), self.said()[before:]


def epochs_in(said: str) -> list[int]:
    """Numbers of the epochs that lines are of."""
    return [int(number) for number in re.findall(rf"^ +(\d+)/{NUM_EPOCHS} ", said, flags=re.MULTILINE)]


@contextmanager
def training(project: Path, garments: Path, folder: Path, tracking: str) -> Iterator[Training]:
    """It is in the middle of an epoch."""
    epochs = f"train.stages.small.fine_tune.cycle_epochs={NUM_EPOCHS}"
    params = f"raw={garments},data={folder / 'data'},ingest.max_quarantine_share=0.1,{epochs}"
    run = Training(project, params, tracking, folder / "said.txt")
    try:
        run.until_epoch(3)
        yield run
    finally:
        run.process.kill()
        run.process.wait()


@pytest.mark.fault(95, 96)
def test_a_run_that_is_asked_to_stop_saves_and_leaves(
    project: Path, garments: Path, tmp_path: Path, empty_tracking: Path
) -> None:
    tracking = f"sqlite:///{shutil.copy(empty_tracking, tmp_path)}"
    expected: list[str] = []
    for asked, exit_code in [(signal.SIGTERM, 143), (signal.SIGINT, 130)]:
        with training(project, garments, tmp_path, tracking) as run:  # the second one on the state of the first
            pause(run.process.pid)  # a pause does no harm
            run.process.send_signal(signal.SIGCONT)
            run.until_epoch(10)
            code, later = run.stop(asked)
        assert code == exit_code, later
        assert len(epochs_in(later)) <= 1
        assert "the same command" in later
        expected.append("RUNNING" if "is left out of this run" in later else "KILLED")  # MLflow may be too slow
        client = MlflowClient(tracking)
        tracked = client.search_runs(
            [each.experiment_id for each in client.search_experiments()], order_by=["attributes.start_time"]
        )
        assert [each.info.status for each in tracked] == expected
    with training(project, garments, tmp_path, tracking) as again:
        assert again.process.poll() is None
