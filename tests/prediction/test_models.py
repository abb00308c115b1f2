import shutil
from pathlib import Path

import pytest
from kedro.io.core import DatasetError

from apparel_eye.errors import ApparelEyeError, DataError
from apparel_eye.prediction.models import FILES, load_category, load_models, trained_categories


def test_categories_that_were_trained_to_the_end_are_listed(results: Path, tmp_path: Path) -> None:
    for name in ("b", "a c"):
        shutil.copytree(results / "06_models" / "skirt_length", tmp_path / "06_models" / name)
    (tmp_path / "06_models" / "unfinished").mkdir()
    assert trained_categories(tmp_path) == ["a c", "b"]
    assert trained_categories(tmp_path / "elsewhere") == []


def test_a_category_that_was_not_trained_is_refused_with_the_nearest(results: Path) -> None:
    with pytest.raises(DataError, match=r"'skirt_lenght' was not trained to the end .*; did you mean skirt_length\?"):
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
