import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str]]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"train__bakbone": "x"}, ["no parameter train.bakbone", "did you mean train.backbone?"]),
        ({"train__stages__small__head__learing_rate": 1}, ["did you mean train.stages.small.head.learning_rate?"]),
        ({"train__stages__tiny__size": 32}, ["no parameter train.stages.tiny", "large, medium, small"]),
        ({"catgeory": "x"}, ["no parameter catgeory", "did you mean category?"]),
        ({"train__batch_size": 0}, ["train.batch_size is 0", "greater than or equal to 2"]),
        ({"train__batch_size": "many"}, ["train.batch_size is 'many'", "integer"]),
        ({"train__precision": "float99"}, ["train.precision is 'float99'", "'float32'"]),
        ({"split__validation_fold": 5}, ["split", "validation_fold is 5; give one from 0 to 4"]),
    ],
)
def test_wrong_parameters_are_refused_by_name_before_anything_runs(
    kedro_run: Run, garments: Path, tmp_path: Path, params: dict[str, object], words: list[str]
) -> None:
    exit_code, said = kedro_run("--pipeline=ingest", raw=garments, data=tmp_path / "data", **params)
    assert exit_code == 2
    assert [word for word in words if word not in said] == []
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()


def test_every_wrong_parameter_is_told_at_once(kedro_run: Run, tmp_path: Path) -> None:
    exit_code, said = kedro_run(data=tmp_path / "data", catgeory="x", train__batch_size=0)
    assert exit_code == 2
    assert "catgeory" in said
    assert "train.batch_size" in said


def test_a_missing_raw_folder_is_named_before_anything_is_made(kedro_run: Run, tmp_path: Path) -> None:
    exit_code, said = kedro_run(raw=tmp_path / "photos", data=tmp_path / "data")
    assert exit_code == 3
    assert f"{tmp_path}/photos does not exist" in said
    assert "raw=FOLDER" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()


def test_a_missing_folder_of_own_photos_is_named_by_its_own_parameter(kedro_run: Run, tmp_path: Path) -> None:
    exit_code, said = kedro_run("--pipeline=predict", photos=tmp_path / "new", data=tmp_path / "data")
    assert exit_code == 3
    assert f"{tmp_path}/new does not exist" in said
    assert "photos=FOLDER" in said


@pytest.mark.parametrize("option", ["--pipeline=trian", "--pipelines=ingest,trian"])
def test_an_unknown_pipeline_brings_the_nearest(kedro_run: Run, tmp_path: Path, option: str) -> None:
    exit_code, said = kedro_run(option, data=tmp_path / "data")
    assert exit_code == 2
    assert "there is no pipeline trian; did you mean train?" in said
    assert "Traceback" not in said


def test_an_unknown_category_brings_the_nearest(kedro_run: Run, garments: Path, tmp_path: Path) -> None:
    exit_code, said = kedro_run("--pipeline=ingest", raw=garments, data=tmp_path / "data", category="skirt_lenght")
    assert exit_code == 3
    assert "'skirt_lenght'" in said
    assert "did you mean skirt_length" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()


def test_a_disk_that_cannot_be_written_to_is_named(kedro_run: Run, garments: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    exit_code, said = kedro_run("--pipeline=ingest", raw=garments, data=tmp_path / "data", category="collar_design")
    assert exit_code == 4
    assert str(tmp_path / "data") in said
    assert "Traceback" not in said


def test_debug_shows_the_traceback(kedro_run: Run, tmp_path: Path) -> None:
    exit_code, said = kedro_run("--debug", data=tmp_path / "data", train__bakbone="x")
    assert exit_code == 1
    assert "Traceback" in said
    assert "UsageError: there is no parameter train.bakbone; did you mean train.backbone?" in said


def test_the_command_as_users_type_it_says_one_line(project: Path, empty_tracking: Path) -> None:
    command = [Path(sys.executable).with_name("kedro"), "run", "--env=test", "--params=train.bakbone=x"]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{empty_tracking}"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "error: there is no parameter train.bakbone; did you mean train.backbone?\n"
