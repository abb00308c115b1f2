import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kedro.framework.cli.project import run as kedro_command

from apparel_eye import signals
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
        ({"train__precision": "float99"}, ["train.precision is 'float99'", "did you mean float32"]),
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

    monkeypatch.setattr(kedro_command, "callback", stop)
    code, said = kedro_run("--pipeline=predict")
    assert code == exit_code
    assert said.startswith("error: ")
    assert words in said
    assert len(said.splitlines()) == 1


@pytest.mark.fault(95)
def test_signals_are_handled_during_a_run_only(kedro_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(**options: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(kedro_command, "callback", run)
    assert kedro_run("--pipeline=predict")[0] == 143
    assert signal.getsignal(signal.SIGTERM) == before


MISSPELT = {
    "category=skirt_lenght": "'skirt_lenght', which FashionAI does not have; did you mean skirt_length",
    "category=coat_length": "has a row of coat_length_labels; .*which label collar_design, skirt_length",
    "train.backbone=resnet999": "train.backbone is 'resnet999', which timm does not have; the nearest are .*resnet50",
    "train.backbone=resnet50.a1_in2k": r"the nearest are resnet50\.a1_in1k",
    "train.pretrained=bundeld": "train.pretrained is 'bundeld': .*did you mean bundled",
    "train.pretrained=bundled": "bundled has weights of tf_efficientnet_lite0 only, not of test_resnet",
    "train.loss.name=focl": "train.loss.name is 'focl': did you mean focal",
    "submit.candidate=xgbost": "submit.candidate is 'xgbost': did you mean xgboost",
    "predict.candidate=logistik": "predict.candidate is 'logistik': did you mean logistic",
    "ensemble.candidate=blnd": "ensemble.candidate is 'blnd': did you mean blend",
    "activations.reduction=rowz": "activations.reduction is 'rowz': did you mean rows",
    "boost.bags.importance=gian": "boost.bags.importance is 'gian': did you mean gain",
    "train.stages.large.size=256": "large.size is an area of 256 pixels, less than the .* give sizes that ascend",
    "train.stages.small.head.learning_rate=atuo": "learning_rate is 'atuo': .*did you mean auto",
    "follow_links=maybe": "follow_links is 'maybe': Input should be a valid boolean",
}


@pytest.mark.fault(111, 112, 128)
@pytest.mark.parametrize("given", MISSPELT)
def test_what_is_misspelt_or_impossible_is_told_before_any_node(
    kedro_run: Run, garments: Path, tmp_path: Path, given: str
) -> None:
    name, _, value = given.partition("=")
    exit_code, said = kedro_run(raw=garments, data=tmp_path / "data", **{name.replace(".", "__"): value})
    assert exit_code == 2
    assert re.search(MISSPELT[given], said), said
    assert "[1/" not in said
    assert not (tmp_path / "data").exists()


@pytest.mark.fault(128)
def test_a_misspelt_environment_brings_the_nearest(kedro_run: Run, tmp_path: Path) -> None:
    assert kedro_run("--env=tset", data=tmp_path) == (
        2,
        "error: there is no environment tset in conf; did you mean test?\n",
    )


@pytest.mark.fault(128)
def test_a_refusal_imports_no_network_library(project: Path, garments: Path) -> None:
    refusals = [f"--params=raw={garments},{given}" for given in MISSPELT] + ["--pipelines=trian"]
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from apparel_eye.cli import cli\n"
        f"print([CliRunner().invoke(cli, ['run', '--env=test', given]).exit_code for given in {refusals!r}])\n"
        "print([name for name in ('torch', 'timm', 'xgboost') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True)
    assert done.stdout.splitlines() == [str([2] * len(refusals)), "[]"], done.stderr


@pytest.fixture
def folders(tmp_path: Path) -> Callable[..., Path]:
    """A raw folder with a photo of two values in each of some categories."""

    def make(*categories: str) -> Path:
        for category in categories:
            for value in ("low", "high"):
                (tmp_path / "raw" / category / value).mkdir(parents=True)
                (tmp_path / "raw" / category / value / "1.png").write_bytes(b"")
        return tmp_path / "raw"

    return make


@pytest.mark.fault(127)
def test_without_a_category_the_only_one_is_taken_and_that_is_said(
    kedro_run: Run, folders: Callable[..., Path], tmp_path: Path
) -> None:
    exit_code, said = kedro_run("--pipeline=ingest", raw=folders("heel"), data=tmp_path / "data")
    assert f"No category is given; taking heel, the only one in {tmp_path}/raw" in said
    assert exit_code == 3  # its photos are empty files
    assert (tmp_path / "data" / "03_primary" / "heel" / "quarantine.csv").is_file()


@pytest.mark.fault(127)
def test_without_a_category_the_default_is_taken_if_it_is_there_and_that_is_said(
    kedro_run: Run, garments: Path, tmp_path: Path
) -> None:
    some_bad = {"ingest__max_quarantine_share": 0.1}  # one of these photos cannot be read
    exit_code, said = kedro_run("--pipeline=ingest", raw=garments, data=tmp_path / "data", **some_bad)
    assert exit_code == 0, said
    assert f"taking skirt_length, the default; {garments} has collar_design, skirt_length" in said


@pytest.mark.fault(127)
def test_without_a_category_others_than_the_default_are_listed(
    kedro_run: Run, folders: Callable[..., Path], tmp_path: Path
) -> None:
    exit_code, said = kedro_run(raw=folders("heel", "toe"), data=tmp_path / "data")
    assert exit_code == 2
    assert "which has heel, toe; choose with --params category=NAME" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("options", [["--env=base"], ["--env=base", "--to-outputs=backbone_weights,manifest"]], ids=len)
def test_photos_that_are_missing_are_told_before_weights_are_fetched(
    kedro_run: Run, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "raw" / "heel" / "low").mkdir(parents=True)
    exit_code, said = kedro_run(*options, raw=tmp_path / "raw", data=tmp_path / "data", category="heel")
    assert exit_code == 3
    assert "has no photos of category 'heel': heel/ is empty but for folders" in said
    assert "[1/" not in said


def test_the_names_of_pipelines_are_those_that_are_registered() -> None:
    from apparel_eye.cli.run import OWN_PHOTOS, PIPELINES, UNTRAINED
    from apparel_eye.pipeline_registry import register_pipelines

    registered = register_pipelines()
    assert sorted(PIPELINES) == sorted(registered)
    assert {name for name, made in registered.items() if "raw_folder" not in made.inputs()} == OWN_PHOTOS
    trained = {name for name, made in registered.items() if "backbone_weights" in made.all_outputs()}
    assert PIPELINES - trained - OWN_PHOTOS == UNTRAINED


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"train:\n  seed: 1\n\tbatch_size: 2\n", "line 3: found character '\\t' that cannot start any token"),
        (b"train: [1, 2\n", "line 2: expected ',' or ']'"),
        (b"train:\n  seed: 1\n  seed: 2\n", "line 3: found duplicate key seed"),
        (b"# \xe9\ntrain: {}\n", "line 1: not UTF-8"),
        (b"train: 1\n# \x07\n", "line 2: special characters are not allowed"),
        (b"train: {seed: '${globals:sed}'}\n", "'sed' not found"),
    ],
    ids=["tab", "bracket", "twice", "Latin-1", "bell", "reference"],
)
def test_a_file_of_conf_that_cannot_be_read_is_named_with_the_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kedro_run: Run, content: bytes, words: str
) -> None:
    shutil.copytree(project / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "test" / "parameters_extra.yml").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_bytes((project / "pyproject.toml").read_bytes())
    exit_code, said = kedro_run(data=tmp_path / "data")
    assert exit_code == 2, said
    assert len(said.splitlines()) == 1
    assert words in said
    assert "sed" in words or "conf/test/parameters_extra.yml" in said


@pytest.mark.fault(102)
@pytest.mark.parametrize("backlog", [None, 1], ids=["absent", "silent"])
def test_a_run_ends_as_ever_where_mlflow_does_not_answer_and_says_it_in_one_line(
    ingest: Ingest, tmp_path: Path, backlog: int | None
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if backlog:
            server.listen(backlog)  # takes connections and never answers
        address = f"127.0.0.1:{server.getsockname()[1]}"
        done = ingest(MLFLOW_TRACKING_URI=f"http://me:hidden@{address}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data" / "03_primary" / "skirt_length" / "manifest.parquet").is_file()
    [line] = [line for line in done.stdout.splitlines() if "left out of this run" in line]
    assert line.startswith(f"MLflow (http://***@{address}) is left out of this run: ")
    assert line.endswith("; once it answers, the same command tells it all in seconds")
    assert [word for word in ("hidden", "Traceback", "Exception ignored") if word in done.stdout + done.stderr] == []


def test_a_refusal_and_a_list_of_the_catalog_do_not_talk_to_mlflow(
    kedro_run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert kedro_run(data=tmp_path / "data", train__bakbone="x")[0] == 2
        command = [Path(sys.executable).with_name("kedro"), "catalog", "describe-datasets", "--env=test"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
