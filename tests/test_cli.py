import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from apparel_eye import cli, signals
from apparel_eye.errors import LockedError
from drawn_garments import write_samples

Run = Callable[..., tuple[int, str]]
Ingest = Callable[..., subprocess.CompletedProcess[str]]


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
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "error: there is no parameter train.bakbone; did you mean train.backbone?\n"


@pytest.fixture(scope="module")
def few_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough to be ingested."""
    folder = tmp_path_factory.mktemp("few") / "raw"
    write_samples(folder, ["skirt_length"], photos=2, questions=1, seed=1, size=64)
    return folder


@pytest.fixture
def ingest(project: Path, few_photos: Path, empty_tracking: Path, tmp_path: Path) -> Ingest:
    """`kedro run --pipeline=ingest` by a shell, with something before and after it; the exit code is Kedro's."""

    def run(before: str = "", after: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        kedro = Path(sys.executable).with_name("kedro")
        params = f"raw={few_photos},category=skirt_length,data={tmp_path / 'data'}"
        line = f"{before} {kedro} run --env=test --pipeline=ingest --params={params} {after}; exit ${{PIPESTATUS[0]}}"
        tracking = shutil.copy(empty_tracking, tmp_path / "mlflow.db")
        given = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tracking}", **environment}
        command = ["bash", "-c", line]
        return subprocess.run(command, cwd=project, env=given, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("after", ["2>&1 | head -1", "> /dev/full"])
@pytest.mark.fault(97, 109, 110)
def test_no_work_is_lost_where_nobody_can_read_what_is_said_and_few_files_may_be_open(
    ingest: Ingest, tmp_path: Path, after: str
) -> None:
    done = ingest("ulimit -n 64;", after, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data" / "03_primary" / "skirt_length" / "manifest.parquet").is_file()
    assert [word for word in ("Traceback", "Logging error", "Exception ignored") if word in done.stderr] == []


@pytest.mark.fault(109)
def test_too_few_files_that_may_be_open_are_told(ingest: Ingest) -> None:
    done = ingest("ulimit -n 10;")
    assert done.returncode == 4
    assert "too many files are open; raise the limit, for example by: ulimit -n 4096" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("error", "exit_code", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), 4, "too many files are open"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 4, "/x/y: no space is left"),
        (RuntimeError("can't start new thread"), 4, "no more threads"),
        (signals.Interrupted(signal.SIGTERM), 143, "stopped by SIGTERM; the same command goes on"),
        (signals.Interrupted(signal.SIGINT), 130, "stopped by SIGINT; the same command goes on"),
        (LockedError("in use"), 5, "in use"),
    ],
    ids=repr,
)
@pytest.mark.fault(95, 109)
def test_what_stops_a_run_ends_with_its_exit_code_and_one_line(
    kedro_run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, exit_code: int, words: str
) -> None:
    def stop(**options: object) -> None:
        raise error

    monkeypatch.setattr(cli.kedro_run, "callback", stop)
    code, said = kedro_run()
    assert code == exit_code
    assert said.startswith("error: ")
    assert words in said
    assert len(said.splitlines()) == 1


@pytest.mark.fault(95)
def test_signals_are_handled_during_a_run_only(kedro_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(**options: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli.kedro_run, "callback", run)
    assert kedro_run()[0] == 143
    assert signal.getsignal(signal.SIGTERM) == before
