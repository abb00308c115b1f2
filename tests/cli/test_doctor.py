import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from apparel_eye.cli import cli

Doctor = Callable[..., Result]


@pytest.fixture
def doctor(project: Path, garments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """In a copy of the project's configuration whose raw folder has photos."""
    shutil.copytree(project / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("local"))
    (tmp_path / "conf" / "local").mkdir()
    (tmp_path / "conf" / "mine").mkdir()
    shutil.copy(project / "pyproject.toml", tmp_path)
    (tmp_path / "conf" / "mine" / "globals.yml").write_text(f"raw: {garments}\n")
    (tmp_path / "conf" / "mine" / "parameters.yml").write_text(
        "train: {backbone: tf_efficientnet_lite0, pretrained: bundled}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    return lambda *arguments: CliRunner().invoke(cli, ["doctor", *arguments])


def test_where_nothing_is_missing_it_says_so(doctor: Doctor, tmp_path: Path) -> None:
    done = doctor("--env=mine")
    assert done.output.endswith("## What is wrong\n\nNothing.\n"), done.output
    assert done.exit_code == 0
    for line in (
        f"- torch: {version('torch')}",
        "- environment: mine (conf/mine)",
        "- bundled weights: efficientnet-lite0-57934424.pth, SHA-256 as it should be",
        "- tracking: sqlite:///~/none.db, which the first run makes",
        "- project: ~",
    ):
        assert line in done.output.splitlines()
    assert "- category: skirt_length, the default" in done.output
    assert str(tmp_path) not in done.output


def test_a_raw_folder_that_is_missing_is_told_with_exit_code_4(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "conf" / "mine" / "globals.yml").write_text("raw: nowhere\n")
    done = doctor("--env=mine")
    assert done.exit_code == 4
    assert "- raw folder: the raw folder ~/nowhere does not exist; put photos there" in done.output


def test_a_server_that_does_not_answer_is_told_but_stops_no_run(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    done = doctor("--env=mine")
    assert done.exit_code == 0
    assert "- tracking: http://***@127.0.0.1:9" in done.output
    assert "(runs go on)" in done.output
    assert "secret" not in done.output


def test_wrong_parameters_are_among_the_findings(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "conf" / "mine" / "parameters.yml").write_text("train: {bakbone: x}\n")
    done = doctor("--env=mine")
    assert done.exit_code == 4
    assert "- parameters: there is no parameter train.bakbone; did you mean train.backbone?" in done.output
    assert "- memory: " in done.output
