import numpy as np
import pandas as pd
import pytest

from apparel_eye.activations.index import check_index, index_of
from apparel_eye.errors import DataError
from apparel_eye.schemas import ActivationsIndex

MAPS = np.zeros((4, 2, 3, 1, 1), dtype=np.float16)


@pytest.fixture
def manifest() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image_key": [f"coats/{name}.jpg" for name in "abcd"],
            "value": ["long"] * 4,
            "sha256": [digit * 64 for digit in "0123"],
        },
        index=[5, 6, 7, 8],
    )


def test_an_index_has_the_manifests_photos_in_its_order(manifest: pd.DataFrame) -> None:
    index = index_of(manifest)
    ActivationsIndex.validate(index)
    assert index["image_key"].tolist() == manifest["image_key"].tolist()
    assert index["sha256"].tolist() == manifest["sha256"].tolist()
    assert index.index.tolist() == [0, 1, 2, 3]


def test_labels_and_the_tables_own_index_do_not_matter(manifest: pd.DataFrame) -> None:
    check_index(index_of(manifest), manifest.assign(value="short").reset_index(), MAPS)


@pytest.mark.parametrize("num_rows", [0, 3, 5])
def test_an_index_of_another_length_than_the_array_is_refused(manifest: pd.DataFrame, num_rows: int) -> None:
    with pytest.raises(DataError, match=rf"have {num_rows} rows, .* 4 photos, .*kedro run --pipeline=activations"):
        check_index(index_of(manifest), manifest, np.zeros((num_rows, 1)))


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ([0, 2, 1, 3], r"of 4 photos, the manifest has 4; row 1 is of coats/c\.jpg .* the manifest has coats/b\.jpg"),
        ([0, 1, 2], r"of 3 photos, the manifest has 4; row 3 is of no photo, .* has coats/d\.jpg"),
        ([1, 2, 3], r"of 3 photos, the manifest has 4; row 0 is of coats/b\.jpg .* has coats/a\.jpg"),
        ([], r"of 0 photos, the manifest has 4; row 0 is of no photo"),
    ],
)
def test_an_index_of_other_photos_or_another_order_is_refused_with_the_first_that_differs(
    manifest: pd.DataFrame, order: list[int], said: str
) -> None:
    with pytest.raises(DataError, match=f"{said}.*kedro run --pipeline=activations"):
        check_index(index_of(manifest.iloc[order]), manifest, MAPS[: len(order)])


def test_an_index_with_photos_that_the_manifest_has_no_more_is_refused(manifest: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"of 4 photos, the manifest has 3; row 3 is of coats/d\.jpg .* has no photo"):
        check_index(index_of(manifest), manifest.iloc[:3], MAPS)


def test_a_photo_whose_bytes_have_changed_is_another_photo(manifest: pd.DataFrame) -> None:
    changed = manifest.assign(sha256=["0" * 64, "1" * 64, "f" * 64, "3" * 64])
    with pytest.raises(DataError, match=r"row 2 is of coats/c\.jpg \(SHA-256 2222.* has coats/c\.jpg \(SHA-256 ffff"):
        check_index(index_of(manifest), changed, MAPS)
