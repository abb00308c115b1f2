from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from apparel_eye.data.duplicates.copies import find_duplicates
from apparel_eye.data.duplicates.thumbnails import SIDE
from apparel_eye.data.record import RECORD
from apparel_eye.schemas import Duplicates


def pairs_of(
    contents: Sequence[str],
    pictures: Sequence[float],
    unreadable: Sequence[int] = (),
    min_similarity: float = 0.65,
) -> pd.DataFrame:
    """Pairs among photos of which equal contents are equal bytes, and 1.2 shows picture 1 under some noise."""
    photos = pd.DataFrame(
        {
            "image_key": [f"base/{number}.jpg" for number in range(len(contents))],
            "value": [f"value {number}" for number in range(len(contents))],
            "role": ["labelled" if number % 2 else "to predict" for number in range(len(contents))],
            "split": ["" for _ in contents],
        },
        dtype="str",
    )
    records = np.zeros(len(contents), RECORD)
    records["sha256"] = [content.encode() for content in contents]
    records["reason"][list(unreadable)] = b"damaged"
    thumbnails = np.zeros((len(contents), SIDE, SIDE), np.uint8)
    for row, picture in enumerate(pictures):
        coarse = np.random.default_rng(int(picture)).integers(60, 200, (16, 16)).repeat(4, axis=0).repeat(4, axis=1)
        noise = 60 * (picture % 1) * np.random.default_rng(row).normal(size=coarse.shape)
        thumbnails[row] = (coarse + noise).clip(0, 255)
    return Duplicates.validate(find_duplicates(photos, records, thumbnails, min_similarity))


def rows_of(pairs: pd.DataFrame) -> list[tuple[str, int, int]]:
    sides = pairs[["first_image_key", "second_image_key"]].map(lambda key: int(key[len("base/") : -len(".jpg")]))
    return list(zip(pairs["kind"], *sides.to_numpy().T.tolist(), strict=True))


@pytest.mark.fault(42, 60)
def test_each_further_file_of_the_same_bytes_is_paired_with_the_first() -> None:
    pairs = pairs_of(["x", "y", "x", "z", "y", "x"], [1, 2, 1, 3, 2, 1])
    assert rows_of(pairs) == [("identical", 0, 2), ("identical", 0, 5), ("identical", 1, 4)]
    assert set(pairs["similarity"]) == {1.0}
    assert set(pairs["orientation"]) == {"upright"}


@pytest.mark.fault(63)
def test_a_near_copy_of_several_identical_files_is_compared_with_the_first_alone() -> None:
    assert rows_of(pairs_of(["x", "x", "other", "x"], [1, 1, 1, 1])) == [
        ("identical", 0, 1),
        ("identical", 0, 3),
        ("near", 0, 2),
    ]


def test_photos_that_cannot_be_read_are_no_copies() -> None:
    """Their thumbnails are all black."""
    assert pairs_of(["", "", "x", "x"], [1, 1, 2, 3], unreadable=[0, 1, 2]).empty


def test_both_sides_of_a_pair_are_described() -> None:
    [pair] = pairs_of(["x", "y", "z", "y"], [1, 2, 3, 2]).to_dict("records")
    assert pair == {
        "kind": "identical",
        "similarity": 1.0,
        "orientation": "upright",
        "first_image_key": "base/1.jpg",
        "first_value": "value 1",
        "first_role": "labelled",
        "first_split": "",
        "second_image_key": "base/3.jpg",
        "second_value": "value 3",
        "second_role": "labelled",
        "second_split": "",
    }


def test_identical_files_come_first_and_the_least_similar_pair_last() -> None:
    pairs = pairs_of(["x", "a", "b", "c", "x"], [9, 1, 1.1, 1.2, 9])
    assert rows_of(pairs) == [("identical", 0, 4), ("near", 1, 2), ("near", 1, 3), ("near", 2, 3)]
    assert pairs["similarity"].is_monotonic_decreasing
    assert pairs["similarity"].nunique() == 4


def test_a_smallest_similarity_of_one_leaves_identical_files() -> None:
    pictures = [number // 2 for number in range(20)]
    contents = [str(number) for number in range(18)]
    assert len(pairs_of([*contents, "x", "x"], pictures)) == 10
    assert rows_of(pairs_of([*contents, "x", "x"], pictures, min_similarity=1.0)) == [("identical", 18, 19)]


def test_no_photos_have_no_copies() -> None:
    assert pairs_of([], []).empty
