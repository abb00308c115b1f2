import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from click.testing import CliRunner
from kedro.io.core import DatasetError
from mlflow import MlflowClient
from mlflow.pyfunc import scoring_server

from apparel_eye.classifiers.registry import heads_here
from apparel_eye.cli import cli
from apparel_eye.datasets import seal
from apparel_eye.errors import DataError, SystemEnvironmentError
from apparel_eye.prediction.models import files_of, load_category
from apparel_eye.prediction.tag import tag_bytes
from apparel_eye.tracking.hook import CHECKSUM
from apparel_eye.tracking.registry import register

PROJECT = Path(__file__).parents[2]
NAME = "apparel-eye-skirt_length"
Write = Callable[..., Path]


@pytest.fixture
def tracking(empty_tracking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An MLflow of its own, its artifacts below the test's folder."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    MlflowClient().create_experiment("here", (tmp_path / "artifacts").as_uri())
    yield uri
    mlflow.set_tracking_uri(before)


def rescore(data: Path, basic_precision: float, other: bool = False) -> None:
    """As another training would have scored, with another recognizer."""
    path = data / "08_reporting" / "skirt_length" / "scores.json"
    scores = json.loads(path.read_text())
    scores["submission"] |= {"basic_precision": basic_precision, "average_precision": basic_precision}
    seal.write(path, lambda temporary: temporary.write_text(json.dumps(scores)) and None)
    path = data / "06_models" / "skirt_length" / "recognizer.json"
    about = json.loads(path.read_text())
    about["precision"] = basic_precision + other / 10
    seal.write(path, lambda temporary: temporary.write_text(json.dumps(about)) and None)


@pytest.mark.usefixtures("tracking")
def test_the_better_of_two_is_the_best_and_none_is_registered_twice(copied_results: Path) -> None:
    said = []
    for number, precision in enumerate((0.5, 0.5, 0.4, 0.6, 0.5, 0.6)):
        rescore(copied_results, precision, other=number == 5)
        said.append(register(copied_results, "skirt_length", "here"))
    assert [(each.version, each.is_new, each.is_best) for each in said] == [
        (1, True, True), (1, False, True), (2, True, False), (3, True, True), (1, False, False),
        (4, True, False),  # another one that is as good
    ]  # fmt: skip
    assert int(MlflowClient().get_model_version_by_alias(NAME, "best").version) == 3
    assert "not better than the one with the alias best" in said[2].in_words()


def test_a_model_belongs_to_the_run_that_trained_it(
    results: Path, flow_tracking: str, tracking: str, tmp_path: Path
) -> None:
    shutil.copy(flow_tracking.removeprefix("sqlite:///"), tracking.removeprefix("sqlite:///"))
    finished = "tags.category = 'skirt_length' and attributes.status = 'FINISHED'"
    [trained] = MlflowClient().search_runs(["1"], finished)
    half = MlflowClient().create_run("1", start_time=0)  # MLflow did not hear all of it
    MlflowClient().log_param(half.info.run_id, CHECKSUM, trained.data.params[CHECKSUM])
    register(results, "skirt_length", "apparel-eye")
    found = MlflowClient().get_model_version(NAME, "1")
    assert found.run_id == trained.info.run_id
    assert float(found.tags["basic_precision"]) == trained.data.metrics["scores/submission/basic_precision"]
    assert found.tags["recognizer"] == load_category(results, "skirt_length").version


@pytest.mark.usefixtures("tracking")
def test_damaged_models_are_refused_and_nothing_is_registered(copied_results: Path) -> None:
    path = copied_results / "08_reporting" / "skirt_length" / "scores.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(DataError, match=r"scores.json is damaged"):
        register(copied_results, "skirt_length", "here")
    assert MlflowClient().search_registered_models() == []


@pytest.mark.usefixtures("tracking")
def test_models_of_two_trainings_are_not_registered(half_retrained: Path) -> None:
    with pytest.raises(DataError, match="of two trainings"):
        register(half_retrained, "skirt_length", "here")
    assert MlflowClient().search_registered_models() == []


def test_an_mlflow_that_cannot_be_reached_is_named(
    results: Path, tracking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri("http://me:hidden@127.0.0.1:9")
    expected = r"MLflow \(http://\*\*\*@127.0.0.1:9\) did not register it: (?!.*hidden)"
    with pytest.raises(SystemEnvironmentError, match=expected):
        register(results, "skirt_length", "here")


def answers_of(model: Path, photo: Path) -> list[dict[str, Any]]:
    """What a model of MLflow answers in this process, as its server would."""
    given = pd.DataFrame([{"photo": base64.b64encode(photo.read_bytes()).decode(), "name": "a"}])
    found: list[dict[str, Any]] = mlflow.pyfunc.load_model(str(model)).predict(given)
    return found


@pytest.mark.usefixtures("tracking")
def test_a_registered_model_has_its_checksums_and_one_of_an_earlier_version_still_answers(
    results: Path, tmp_path: Path, write_photo: Write
) -> None:
    register(results, "skirt_length", "here")
    model = Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}@best", dst_path=str(tmp_path / "model")))
    models, files = model / "artifacts" / "models", files_of(heads_here())
    assert {path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file()} == {
        *files, *(f".seals/{name}.seal" for name in files),
    }  # fmt: skip
    photo = write_photo(tmp_path / "photo.png", 1)
    expected = answers_of(model, photo)
    for name in files:  # as earlier versions registered them
        (models / ".seals" / f"{name}.seal").rename(models / f"{name}.seal")
    (models / ".seals").rmdir()
    assert answers_of(model, photo) == expected
    assert expected[0]["problem"] == ""
    (models / "xgboost.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"xgboost.json is damaged"):
        answers_of(model, photo)


@pytest.fixture
def served(results: Path, tracking: str, monkeypatch: pytest.MonkeyPatch) -> mlflow.pyfunc.PyFuncModel:
    """What `mlflow models serve` would load, after `apparel-eye register` (the server itself: README's tests)."""
    monkeypatch.chdir(PROJECT)
    done = CliRunner().invoke(cli, ["register", "--env=test", f"--data={results}", "--category=skirt_length"])
    assert done.exit_code == 0, done.output
    assert f"version 1 of {NAME}, the best of them" in done.stdout
    assert "Traceback" not in done.stderr
    return mlflow.pyfunc.load_model(f"models:/{NAME}@best")


def ask(served: mlflow.pyfunc.PyFuncModel, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the server's own function answers a request with."""
    body = json.dumps({"dataframe_records": rows})
    answer = scoring_server.invocations(body, "application/json", served, served.metadata.get_input_schema())
    assert answer.status == 200
    found: list[dict[str, Any]] = json.loads(answer.response, parse_constant=pytest.fail)["predictions"]
    return found


def test_a_served_model_answers_photos_and_says_what_is_wrong_with_others(
    served: mlflow.pyfunc.PyFuncModel, results: Path, tmp_path: Path, write_photo: Write
) -> None:
    photo = write_photo(tmp_path / "a b é.png", 1)
    text = base64.encodebytes(photo.read_bytes()).decode()  # with line breaks
    bad = {
        str(photo): "not base64",
        "/etc/passwd": "not base64",
        f"file://{photo}": "not base64",
        "": "the file has no bytes",
        base64.b64encode(b"<html></html>").decode(): "HTML",
    }
    rows = [{"photo": text, "name": "a b é"}, *({"photo": other, "name": None} for other in bad), {"photo": None}]
    answers = ask(served, rows)
    assert [answer["name"] for answer in answers] == ["a b é"] + [""] * 6
    for answer, problem in zip(answers[1:], [*bad.values(), "not base64"], strict=True):
        assert problem in answer["problem"]
        told = {key: cell for key, cell in answer.items() if key not in ("name", "problem", "model")}
        assert told.pop("answered") is False
        assert set(told.values()) == {None}
    [wanted] = tag_bytes([("x", photo.read_bytes())], load_category(results, "skirt_length")).to_dict("records")
    probabilities = answers[0].pop("probabilities")
    assert {"photo": "x", **{f"probability of {value}": each for value, each in probabilities.items()}} | {
        key: cell for key, cell in answers[0].items() if key != "name"
    } == {key: pytest.approx(cell, abs=1e-5) if isinstance(cell, float) else cell for key, cell in wanted.items()}


def test_a_model_that_an_earlier_version_registered_answers_with_the_code_it_brought(earlier_version: Path) -> None:
    asking = (
        "import base64, json, pathlib, sys, mlflow\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "model = mlflow.pyfunc.load_model(str(folder / 'registered'))\n"
        "photo = base64.b64encode((folder / 'photos' / '0.png').read_bytes()).decode()\n"
        "[answer] = model.predict([{'photo': photo, 'name': '0.png'}])\n"
        "print(json.dumps([answer, sys.modules['apparel_eye'].__file__]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", asking, str(earlier_version)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answer, code = json.loads(done.stdout.splitlines()[-1])
    assert Path(code).is_relative_to(earlier_version / "registered")
    about = json.loads((earlier_version / "data" / "06_models" / "skirt_length" / "recognizer.json").read_text())
    expected = json.loads((earlier_version / "answers.json").read_text())[about["column"]][0]
    assert list(answer["probabilities"].values()) == pytest.approx(expected, abs=1e-5)
