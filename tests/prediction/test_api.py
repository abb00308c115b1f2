import inspect
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import apparel_eye
from apparel_eye.data.photo_sources import open_photos
from apparel_eye.errors import DataError, UsageError
from apparel_eye.parameters.candidates import BLEND, HEADS, NETWORK
from apparel_eye.prediction.models import load_category
from apparel_eye.prediction.tag import tag

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, write_photo: Write) -> Path:
    for number, key in enumerate(["über uns/ein Rock.png", "a.png", "z.png"]):
        write_photo(tmp_path / "new photos" / key, number)
    (tmp_path / "new photos" / "b.jpg").write_bytes(b"")
    return tmp_path / "new photos"


def test_the_call_answers_as_the_recognizer_does(results: Path, folder: Path) -> None:
    table = apparel_eye.predict(folder, "skirt_length", results)
    [part] = tag(open_photos(folder), load_category(results, "skirt_length"))
    pd.testing.assert_frame_equal(table.drop(columns="category"), part.rows)
    assert table["photo"].tolist() == ["a.png", "b.jpg", "z.png", "über uns/ein Rock.png"]
    assert (table["problem"] != "").tolist() == [False, True, False, False]


def test_a_candidate_that_is_named_answers(results: Path, folder: Path) -> None:
    tables = {
        candidate: apparel_eye.predict(folder, data=results, candidate=candidate) for candidate in ("plain", "logistic")
    }
    assert not tables["plain"]["confidence"].equals(tables["logistic"]["confidence"])


def test_the_docstring_says_how_every_candidate_is_named() -> None:
    told = inspect.getdoc(apparel_eye.predict).partition("candidate: ")[2].partition("follow_links: ")[0]
    assert re.findall("``(\\w+)``", told) == [*NETWORK, *HEADS[:2], BLEND, "auto"]


def test_photos_are_given_as_a_folder_a_photo_a_list_or_paths(
    results: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = apparel_eye.predict(folder, data=results).set_index("photo").loc["z.png"]
    (tmp_path / "list.txt").write_text("new photos/z.png\n")
    (tmp_path / "list.csv").write_text("number,where\n1,new photos/z.png\n")
    monkeypatch.chdir(tmp_path)
    for photos, options in (
        ("new photos/z.png", {}),
        ([Path("new photos/z.png")], {}),
        (iter(["new photos/z.png"]), {}),
        ("list.txt", {}),
        ("list.csv", {"photos_column": "where"}),
    ):
        table = apparel_eye.predict(photos, "skirt_length", str(results), **options)
        assert len(table) == 1
        pd.testing.assert_series_equal(table.set_index("photo").iloc[0], wanted, check_names=False, atol=1e-5)


def test_all_trained_categories_answer_where_none_is_named(copied_results: Path, folder: Path) -> None:
    models = copied_results / "06_models"
    shutil.copytree(models / "skirt_length", models / "a_copy")
    table = apparel_eye.predict(folder, data=copied_results)
    assert table["category"].tolist() == ["a_copy"] * 4 + ["skirt_length"] * 4
    once = apparel_eye.predict(folder, ["skirt_length", "skirt_length"], copied_results)
    pd.testing.assert_frame_equal(once, table[4:].reset_index(drop=True))


def test_predicting_writes_nothing(results: Path, folder: Path, tmp_path: Path) -> None:
    def files() -> set[Path]:
        return {*results.rglob("*"), *tmp_path.rglob("*")}

    before = files()
    apparel_eye.predict(folder, data=results)
    assert files() == before


@pytest.mark.parametrize(
    ("photos", "error", "words"),
    [
        ([], DataError, "photos is empty"),
        (3, UsageError, "photos has a int"),
        ([3], UsageError, "photos has a int"),
    ],
    ids=repr,
)
def test_what_is_no_place_of_photos_is_refused(
    results: Path, photos: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        apparel_eye.predict(photos, data=results)  # type: ignore[arg-type]


def test_a_misspelt_category_or_candidate_brings_the_nearest(results: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match=r"did you mean skirt_length\?"):
        apparel_eye.predict(folder, "skirt_lenght", results)
    with pytest.raises(UsageError, match=r"did you mean logistic\?"):
        apparel_eye.predict(folder, data=results, candidate="logistik")
