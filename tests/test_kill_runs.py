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
from waiting import pause

from apparel_eye.tracking.delivery import replay

NUM_EPOCHS = 100_000
"""More than anybody waits for: no run ends by itself."""
EPOCH = f"^ +{{}}/{NUM_EPOCHS} "
"""The line of an epoch, with a pattern for its number."""


@pytest.mark.fault(93, 94)
def test_a_killed_run_that_goes_on_ends_with_the_same_bits(project: Path) -> None:
    command = [sys.executable, "-W", "ignore", "tests/kill_runs.py", "--kills", "5", "--seed", "1"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"5 of 5 equal, [3-5] killed inside a save", done.stdout), done.stdout


def until_epoch(run: subprocess.Popen[str], number: int) -> None:
    """Read what a run says until it has trained so many epochs."""
    assert run.stdout is not None
    said = []
    for line in run.stdout:
        said.append(line)
        epoch = re.match(EPOCH.format(r"(\d+)"), line)
        if epoch and int(epoch[1]) >= number:
            return
    pytest.fail(f"the run ended before its epoch {number}: {''.join(said)}")


@contextmanager
def training(project: Path, garments: Path, data: Path, tracking: str) -> Iterator[subprocess.Popen[str]]:
    """`kedro run` in the middle of an epoch."""
    epochs = f"train.stages.small.fine_tune.cycle_epochs={NUM_EPOCHS}"
    params = f"raw={garments},data={data},ingest.max_quarantine_share=0.1,{epochs}"
    command = [
        str(Path(sys.executable).with_name("kedro")),
        "run",
        "--env=test",
        "--pipelines=train",
        f"--params={params}",
    ]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking, "PYTHONUNBUFFERED": "1"}
    run = subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        until_epoch(run, 3)
        yield run
    finally:
        run.kill()
        run.wait()


@pytest.mark.fault(95, 96)
def test_a_run_that_is_asked_to_stop_saves_and_leaves(
    project: Path, garments: Path, tmp_path: Path, empty_tracking: Path
) -> None:
    data, tracking = tmp_path / "data", f"sqlite:///{shutil.copy(empty_tracking, tmp_path)}"
    for number, (asked, exit_code) in enumerate([(signal.SIGTERM, 143), (signal.SIGINT, 130)], start=1):
        with training(project, garments, data, tracking) as run:  # the second one on the state of the first
            pause(run.pid)  # a pause does no harm
            run.send_signal(signal.SIGCONT)
            until_epoch(run, 10)
            run.send_signal(asked)
            assert run.stdout is not None
            said = run.stdout.read()
            assert run.wait() == exit_code, said
        _, later = said.split(f"{asked.name}: stopping after this step")
        assert len(re.findall(EPOCH.format(r"\d+"), later, flags=re.MULTILINE)) <= 1
        assert "the same command" in later
        replay(tracking, data / "mlflow_spool")  # what MLflow was too slow to hear
        client = MlflowClient(tracking)
        tracked = client.search_runs([each.experiment_id for each in client.search_experiments()])
        assert [each.info.status for each in tracked] == ["KILLED"] * number
    with training(project, garments, data, tracking) as again:
        assert again.poll() is None
