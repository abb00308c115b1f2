import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from kedro.io.core import DatasetError

from apparel_eye.classifiers.registry import heads_here
from apparel_eye.datasets import notes
from apparel_eye.errors import ApparelEyeError, DataError, UsageError
from apparel_eye.prediction.api import predict
from apparel_eye.prediction.models import files_of, load_category, load_models, trained_categories

FILES = files_of(heads_here())


def test_categories_that_were_trained_to_the_end_are_listed(results: Path, tmp_path: Path) -> None:
    for name in ("b", "a c"):
        shutil.copytree(results / "06_models" / "skirt_length", tmp_path / "06_models" / name)
    (tmp_path / "06_models" / "unfinished").mkdir()
    assert trained_categories(tmp_path) == ["a c", "b"]
    assert trained_categories(tmp_path / "elsewhere") == []


def test_a_category_that_was_not_trained_is_refused_with_the_nearest(results: Path) -> None:
    with pytest.raises(UsageError, match=r"'skirt_lenght' was not trained to the end .*; did you mean skirt_length\?"):
        load_category(results, "skirt_lenght")


def test_where_nothing_was_trained_the_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no category was trained to the end below .*kedro run --params category=NAME"):
        load_category(tmp_path, "coat_length")


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused_by_name(results: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models"
    shutil.copytree(results / "06_models" / "skirt_length", folder)
    assert load_models(folder).about.category == "skirt_length"
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises((ApparelEyeError, DatasetError), match=rf"{name} is damaged"):
        load_models(folder)


@pytest.fixture
def copied_models(results: Path, tmp_path: Path) -> Path:
    """Models of a category, to be changed."""
    return Path(shutil.copytree(results / "06_models" / "skirt_length", tmp_path / "models"))


@pytest.mark.parametrize("name", FILES)
def test_models_that_were_copied_without_their_hidden_folder_are_to_be_copied_again(
    copied_models: Path, name: str
) -> None:
    notes.place_of(copied_models / name, notes.SEAL).unlink()
    with pytest.raises((ApparelEyeError, DatasetError), match=rf"{name} has no checksum.*cp -r FOLDER") as caught:
        load_models(copied_models)
    assert "delete" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_model_that_is_not_there_is_named(copied_models: Path, name: str) -> None:
    (copied_models / name).unlink()
    with pytest.raises((ApparelEyeError, DatasetError), match=f"{name} does not exist"):
        load_models(copied_models)


def test_models_of_an_earlier_version_are_loaded_where_nothing_can_be_written(
    copied_models: Path, open_folder: Path, nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    expected = load_models(copied_models)
    for name in FILES:
        shutil.copy(copied_models / name, open_folder / name)
        shutil.copy(notes.place_of(copied_models / name, notes.SEAL), open_folder / f"{name}.seal")
    before = sorted(open_folder.rglob("*"))
    with nobody():
        with pytest.raises(PermissionError):
            (open_folder / "new").touch()
        found = load_models(open_folder)
    assert found.version == expected.version
    assert sorted(open_folder.rglob("*")) == before


@pytest.mark.parametrize("candidate", ["plain", "tta", "xgboost", "bags", "logistic", "perceptron", "blend"])
def test_models_of_an_earlier_version_answer_as_they_did(earlier_version: Path, candidate: str) -> None:
    expected = json.loads((earlier_version / "answers.json").read_text())[candidate]
    table = predict(earlier_version / "photos", data=earlier_version / "data", candidate=candidate)
    np.testing.assert_allclose(table.filter(like="probability of ").to_numpy(dtype=float), expected, atol=1e-5)


def test_a_recognizer_of_an_earlier_version_is_the_same_recognizer(earlier_version: Path) -> None:
    assert load_category(earlier_version / "data", "skirt_length").version == "835fe5e1a804"
