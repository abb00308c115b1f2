"""`apparel-eye predict`, typed in."""

import shutil
from collections.abc import Callable
from pathlib import Path
from traceback import format_exception

import pandas as pd
import pytest
from click.testing import CliRunner

import apparel_eye
from apparel_eye.cli import cli

Write = Callable[..., Path]
Predict = Callable[..., tuple[int, str]]


@pytest.fixture
def predict(scratch_tracking: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Predict:
    """In this process; arguments to exit code and all that it said."""
    from kedro.framework.project import configure_project

    configure_project("apparel_eye")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", scratch_tracking)
    caplog.set_level("INFO", "apparel_eye")

    def run(*arguments: object) -> tuple[int, str]:
        caplog.clear()
        done = CliRunner().invoke(cli, ["predict", "--env=test", *map(str, arguments)])
        crash = [] if isinstance(done.exception, SystemExit | None) else format_exception(done.exception)
        return done.exit_code, "".join([done.output, caplog.text, *crash])

    return run


@pytest.fixture
def folder(tmp_path: Path, write_photo: Write) -> Path:
    for number, key in enumerate(["été/une jupe.png", "a b.png"]):
        write_photo(tmp_path / "neue Fotos" / key, number)
    (tmp_path / "neue Fotos" / "broken.jpg").write_bytes(b"")
    return tmp_path / "neue Fotos"


def table_of(data: Path, category: str = "skirt_length") -> pd.DataFrame:
    return pd.read_parquet(data / "07_model_output" / category / "predictions.parquet")


def test_it_answers_as_the_python_call_does_from_any_folder(
    predict: Predict, copied_results: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    exit_code, said = predict("neue Fotos", "--data", "data", "--heat-maps", 1)
    assert exit_code == 0, said
    assert "3 files:" in said
    assert "1 not readable" in said
    wanted = apparel_eye.predict(folder, data=copied_results).drop(columns="category")
    pd.testing.assert_frame_equal(table_of(copied_results)[list(wanted)], wanted, check_dtype=False)
    reports = copied_results / "08_reporting" / "skirt_length"
    assert {"contact_sheet.png", "heat_maps.png"} <= {path.name for path in reports.iterdir()}


def test_several_categories_have_a_table_each(predict: Predict, copied_results: Path, folder: Path) -> None:
    for kind in ("06_models", "03_primary"):
        shutil.copytree(copied_results / kind / "skirt_length", copied_results / kind / "a_copy")
    exit_code, said = predict(folder, "--data", copied_results, "--candidate=logistic")
    assert exit_code == 0, said
    tables = [table_of(copied_results, category) for category in ("a_copy", "skirt_length")]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("--category=skirt_lenght",), 2, "did you mean skirt_length?"),
        (("--candidate=logistik",), 2, "--candidate is 'logistik'; did you mean logistic?"),
        (("--data=nowhere",), 3, "no category was trained to the end below"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_in_one_line(
    predict: Predict, copied_results: Path, folder: Path, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    code, said = predict(folder, "--data", copied_results, *arguments)
    assert code == exit_code, said
    assert words in said
    assert "Traceback" not in said


def test_models_of_two_trainings_answer_only_where_those_that_are_used_belong_together(
    predict: Predict, half_retrained: Path, results: Path, folder: Path
) -> None:
    code, said = predict(folder, "--data", half_retrained, "--candidate=tta")
    assert code == 3
    assert "models of skirt_length are of two trainings: recognizer.json was written with others than network" in said
    assert "kedro run --params category=skirt_length" in said
    assert "Traceback" not in said
    code, said = predict(folder, "--data", half_retrained, "--candidate=xgboost", "--heat-maps=1")
    assert code == 3
    assert "recognizer.json was written with others than network" in said
    assert predict(folder, "--data", half_retrained, "--candidate=xgboost")[0] == 0
    wanted = apparel_eye.predict(folder, data=results, candidate="xgboost").drop(columns=["category", "model"])
    pd.testing.assert_frame_equal(table_of(half_retrained)[list(wanted)], wanted, check_dtype=False)


def test_an_empty_folder_is_refused(predict: Predict, copied_results: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, said = predict(tmp_path / "empty", "--data", copied_results)
    assert code == 3
    assert "empty is empty; put photos there" in said
