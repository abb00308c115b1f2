"""Two runs averaged by `apparel-eye ensemble`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from traceback import format_exception

import pandas as pd
import pytest
from click.testing import CliRunner
from whole_flow import CATEGORY

from apparel_eye.cli import cli

Average = Callable[..., tuple[int, str]]


@pytest.fixture
def ensemble(scratch_tracking: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Average:
    """`apparel-eye ensemble` in this process; arguments to exit code and all that it said."""
    from kedro.framework.project import configure_project

    configure_project("apparel_eye")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", scratch_tracking)
    caplog.set_level("INFO", "apparel_eye")

    def run(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["ensemble", "--env=test", f"--category={CATEGORY}", *map(str, arguments)])
        crash = [] if isinstance(done.exception, SystemExit | None) else format_exception(done.exception)
        return done.exit_code, "".join([done.output, caplog.text, *crash])

    return run


def test_the_command_scores_members_and_mean_and_writes_a_submission(
    ensemble: Average, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(results, tmp_path / "a twin")
    monkeypatch.chdir(tmp_path)
    exit_code, said = ensemble(results, "a twin", "--data", "out", "--candidate=plain")
    assert exit_code == 0, said
    assert "Members, and their mean:" in said
    reports = tmp_path / "out" / "08_reporting" / CATEGORY
    scores = json.loads((reports / "ensemble_scores.json").read_text())
    assert scores["members"] == {"1": str(results), "2": str(tmp_path / "a twin")}
    own = json.loads((results / "08_reporting" / CATEGORY / "scores.json").read_text())["plain"]
    for member in ("1 plain", "2 plain"):
        assert scores[member] == pytest.approx(own | {"photos": scores["photos"]})
    assert scores["ensemble"]["accuracy"] == own["accuracy"]  # a mean of twins answers as they do
    submissions = [root / "07_model_output" / CATEGORY / "submissions" for root in (tmp_path / "out", results)]
    ours, theirs = (
        pd.read_csv(folder / name, header=None)
        for folder, name in zip(submissions, ("ensemble.csv", "plain.csv"), strict=True)
    )
    pd.testing.assert_frame_equal(ours[[0, 1]], theirs[[0, 1]])


def test_one_member_is_not_enough(ensemble: Average, results: Path, tmp_path: Path) -> None:
    exit_code, said = ensemble(results, "--data", tmp_path / "out")
    assert exit_code == 2
    assert f"there is only '{results}'; a mean takes two members" in said


def test_a_member_of_two_trainings_is_refused(
    ensemble: Average, results: Path, half_retrained: Path, tmp_path: Path
) -> None:
    exit_code, said = ensemble(results, half_retrained, "--data", tmp_path / "out")
    assert exit_code == 3
    assert "of two trainings" in said
    assert not list((tmp_path / "out").rglob("*.csv"))
