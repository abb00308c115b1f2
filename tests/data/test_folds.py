from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apparel_eye.data.folds import assign_folds
from apparel_eye.data.subsets import join_folds
from apparel_eye.errors import DataError
from apparel_eye.parameters import SplitParameters
from apparel_eye.schemas import Subsets


def split(**changes: Any) -> SplitParameters:
    usual = {"num_folds": 5, "validation_fold": 0, "num_halves": 2, "seed": 1, "rare_values": "stop"}
    return SplitParameters(**{**usual, **changes})


def manifest_of(values: Sequence[str], groups: Sequence[str] | None = None, num_questions: int = 0) -> pd.DataFrame:
    own = [f"g{number}" for number in range(len(values) + num_questions)]
    return pd.DataFrame(
        {
            "image_key": [f"base/{number}.jpg" for number in range(len(values) + num_questions)],
            "value": [*values, *[""] * num_questions],
            "label_string": ["y"] * len(values) + [""] * num_questions,
            "role": ["labelled"] * len(values) + ["to predict"] * num_questions,
            "split": "",
            "group": [*groups, *own[len(groups) :]] if groups else own,
            "sha256": "0" * 64,
        }
    )


def dealt(manifest: pd.DataFrame, parameters: SplitParameters) -> pd.DataFrame:
    folds = assign_folds(manifest, parameters)
    Subsets.validate(join_folds(manifest, folds, sorted(set(manifest["value"]) - {""})))
    return folds.merge(manifest, on="image_key", validate="1:1")


@pytest.mark.parametrize("seed", range(5))
def test_values_are_balanced_within_one_photo_per_fold(seed: int) -> None:
    photos = dealt(manifest_of(["a"] * 23 + ["b"] * 11 + ["c"] * 40), split(seed=seed))
    counts = pd.crosstab(photos["value"], photos["fold"])
    assert counts.shape == (3, 5)
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1


@pytest.mark.fault(62, 64)
@pytest.mark.parametrize("seed", range(20))
def test_photos_of_a_group_are_on_one_side_and_each_value_is_on_both(seed: int) -> None:
    generator = np.random.default_rng(seed)
    sizes = generator.choice([1, 1, 1, 1, 2, 3, 6], size=40)
    of_group = generator.choice(["a", "a", "b", "c"], size=40)
    of_group[:36] = np.repeat(["a", "b", "c"], 12)
    photos = dealt(
        manifest_of(np.repeat(of_group, sizes).tolist(), np.repeat(np.arange(40).astype(str), sizes).tolist()),
        split(seed=seed),
    )
    assert photos.groupby("group")[["fold", "half"]].nunique().to_numpy().max() == 1
    assert photos.groupby("value")["subset"].nunique().tolist() == [2, 2, 2]


def test_the_chosen_fold_validates_in_parts_and_the_others_train() -> None:
    folds = assign_folds(manifest_of(["a", "b"] * 30), split(validation_fold=3, num_halves=3))
    assert folds["subset"].eq("validation").equals(folds["fold"].eq(3))
    assert folds.loc[folds["fold"] == 3, "half"].value_counts().to_dict() == {0: 4, 1: 4, 2: 4}
    assert set(folds.loc[folds["fold"] != 3, "half"]) == {-1}


def test_photos_to_predict_are_not_dealt() -> None:
    manifest = manifest_of(["a", "b"] * 10, num_questions=7)
    assert assign_folds(manifest, split())["image_key"].tolist() == manifest["image_key"].tolist()[:20]


def test_the_same_seed_deals_the_same_and_another_one_otherwise() -> None:
    manifest = manifest_of(["a", "b"] * 30)
    once, again, other = (assign_folds(manifest, split(seed=seed)) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(once, again)
    assert not once["fold"].equals(other["fold"])


@pytest.mark.fault(66)
@pytest.mark.parametrize(
    ("values", "groups"),
    [
        (["a"] * 9 + ["b"] * 4, None),
        (["a"] * 9 + ["b"] * 6, [*"123456789", *"ABCDDD"]),
    ],
    ids=["photos", "different photos"],
)
def test_too_few_photos_of_a_value_are_refused_with_numbers_and_a_way_out(
    values: list[str], groups: list[str] | None
) -> None:
    with pytest.raises(DataError, match=r"'b' has 4 different photos, but each of 5 folds needs one.*num_folds=4"):
        assign_folds(manifest_of(values, groups), split())


@pytest.mark.fault(67)
def test_one_value_alone_is_refused() -> None:
    with pytest.raises(DataError, match=r"only \['a'\] has photos to train on"):
        assign_folds(manifest_of(["a"] * 20), split())


@pytest.mark.parametrize("num_photos", [6, 9])
def test_one_value_with_a_photo_for_each_part_is_enough(num_photos: int) -> None:
    folds = assign_folds(manifest_of([*"abbb"] * num_photos), split())
    assert folds["subset"].value_counts()["validation"] >= 4
    assert set(folds.loc[folds["subset"] == "validation", "half"]) == {0, 1}


@pytest.mark.fault(80)
def test_too_few_photos_that_validate_are_refused_with_numbers() -> None:
    with pytest.raises(DataError, match=r"more than 1 different photos among the 3 that validate, but their 2 halves"):
        assign_folds(manifest_of([*"abc"] * 5), split())


@pytest.mark.fault(66)
def test_rare_values_can_be_left_out() -> None:
    folds = assign_folds(manifest_of(["a"] * 9 + ["b"] * 9 + ["c"] * 4), split(rare_values="leave_out"))
    left_out = folds["subset"] == "unused"
    assert folds[left_out].index.tolist() == [18, 19, 20, 21]
    assert set(folds.loc[left_out, "fold"]) == {-1}
    assert set(folds.loc[~left_out, "fold"]) == {0, 1, 2, 3, 4}


@given(
    sizes=st.lists(st.lists(st.integers(1, 7), min_size=5, max_size=12), min_size=2, max_size=6),
    seed=st.integers(0, 1000),
)
def test_a_value_with_a_group_for_each_fold_is_in_each_of_them(sizes: list[list[int]], seed: int) -> None:
    """Whatever the sizes of the groups; greedy dealing by photos alone leaves some folds without."""
    sizes = [*sizes, [1] * 12]
    values = [str(value) for value, groups in enumerate(sizes) for size in groups for _ in range(size)]
    names = [
        f"{value}-{group}"
        for value, groups in enumerate(sizes)
        for group, size in enumerate(groups)
        for _ in range(size)
    ]
    photos = dealt(manifest_of(values, names), split(seed=seed))
    assert photos.groupby("value")["fold"].nunique().eq(5).all()
    assert photos.groupby("group")["fold"].nunique().eq(1).all()


@pytest.mark.parametrize("seed", range(5))
def test_groups_of_the_rarest_value_are_dealt_before_larger_ones_of_another(seed: int) -> None:
    """Five groups have the rarest, of which the small ones bring the other along; three large ones have that alone."""
    groups = {name: ["other"] * 4 for name in "abc"} | {name: ["rarest"] * 3 for name in "de"}
    groups |= {name: ["rarest", "other"] for name in "fgh"} | {name: ["common"] for name in "0123456789"}
    rows = [(value, name) for name, values in groups.items() for value in values]
    photos = dealt(manifest_of([value for value, _ in rows], [name for _, name in rows]), split(seed=seed))
    assert photos.groupby("value")["fold"].nunique().tolist() == [5, 5, 5]


def test_the_order_of_the_photos_does_not_matter() -> None:
    manifest = manifest_of(["a", "b", "c"] * 20, [str(number // 2) for number in range(60)])
    shuffled = manifest.sample(frac=1, random_state=3)
    once = assign_folds(manifest, split()).set_index("image_key")["fold"]
    again = assign_folds(shuffled, split()).set_index("image_key")["fold"]
    pd.testing.assert_series_equal(once.sort_index(), again.sort_index())


@given(st.lists(st.sets(st.integers(0, 5), min_size=1, max_size=4), min_size=12, max_size=30), st.integers(0, 1000))
def test_where_groups_mix_values_each_is_in_each_fold_or_the_run_stops(groups: list[set[int]], seed: int) -> None:
    rows = [(str(value), str(number)) for number, values in enumerate(groups) for value in sorted(values)]
    manifest = manifest_of([value for value, _ in rows], [group for _, group in rows])
    try:
        photos = dealt(manifest, split(seed=seed))
    except DataError:
        return
    assert photos.groupby("value")["fold"].nunique().eq(5).all()
    assert photos.groupby("group")["fold"].nunique().eq(1).all()


@pytest.mark.fault(62)
def test_a_given_validation_side_is_kept() -> None:
    manifest = manifest_of(["a", "b"] * 30)
    manifest["split"] = np.where(manifest.index < 44, "train", "validation")
    folds = assign_folds(manifest, split(validation_fold=2))
    assert folds["subset"].eq("validation").tolist() == [False] * 44 + [True] * 16
    assert set(folds.loc[folds["subset"] == "train", "fold"]) == {0, 1, 3, 4}
    assert set(folds.loc[folds["subset"] == "validation", "half"]) == {0, 1}
