from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from apparel_eye.errors import DataError
from apparel_eye.parameters import SplitParameters
from apparel_eye.schemas import Folds
from apparel_eye.splitting import assign_folds


def split(**changes: int) -> SplitParameters:
    return SplitParameters(**{"num_folds": 5, "validation_fold": 0, "num_parts": 2, "seed": 1, **changes})


def manifest_of(values: Sequence[str], groups: Sequence[str] | None = None, num_questions: int = 0) -> pd.DataFrame:
    own = [f"g{number}" for number in range(len(values) + num_questions)]
    return pd.DataFrame(
        {
            "image_key": [f"base/{number}.jpg" for number in range(len(values) + num_questions)],
            "value": [*values, *[""] * num_questions],
            "role": ["labelled"] * len(values) + ["to predict"] * num_questions,
            "group": [*groups, *own[len(groups) :]] if groups else own,
        }
    )


def dealt(manifest: pd.DataFrame, parameters: SplitParameters) -> pd.DataFrame:
    return Folds.validate(assign_folds(manifest, parameters)).merge(manifest, on="image_key")


@pytest.mark.parametrize("seed", range(5))
def test_values_are_balanced_within_one_photo_per_fold(seed: int) -> None:
    photos = dealt(manifest_of(["a"] * 23 + ["b"] * 11 + ["c"] * 40), split(seed=seed))
    counts = pd.crosstab(photos["value"], photos["fold"])
    assert counts.shape == (3, 5)
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1


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
    assert photos.groupby("group")[["fold", "part"]].nunique().to_numpy().max() == 1
    assert photos.groupby("value")["subset"].nunique().tolist() == [2, 2, 2]


def test_the_chosen_fold_validates_in_parts_and_the_others_train() -> None:
    folds = assign_folds(manifest_of(["a", "b"] * 30), split(validation_fold=3, num_parts=3))
    assert folds["subset"].eq("validation").equals(folds["fold"].eq(3))
    assert folds.loc[folds["fold"] == 3, "part"].value_counts().to_dict() == {0: 4, 1: 4, 2: 4}
    assert set(folds.loc[folds["fold"] != 3, "part"]) == {-1}


def test_photos_to_predict_are_not_dealt() -> None:
    manifest = manifest_of(["a", "b"] * 10, num_questions=7)
    assert assign_folds(manifest, split())["image_key"].tolist() == manifest["image_key"].tolist()[:20]


def test_the_same_seed_deals_the_same_and_another_one_otherwise() -> None:
    manifest = manifest_of(["a", "b"] * 30)
    once, again, other = (assign_folds(manifest, split(seed=seed)) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(once, again)
    assert not once["fold"].equals(other["fold"])


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


def test_one_value_alone_is_refused() -> None:
    with pytest.raises(DataError, match="all labelled photos have the value 'a'"):
        assign_folds(manifest_of(["a"] * 20), split())


@pytest.mark.parametrize("num_photos", [6, 9])
def test_one_value_with_a_photo_for_each_part_is_enough(num_photos: int) -> None:
    folds = assign_folds(manifest_of([*"abbb"] * num_photos), split())
    assert folds["subset"].value_counts()["validation"] >= 4
    assert set(folds.loc[folds["subset"] == "validation", "part"]) == {0, 1}


def test_too_few_photos_that_validate_are_refused_with_numbers() -> None:
    with pytest.raises(DataError, match=r"more than 1 different photos among the 3 that validate, but their 2 parts"):
        assign_folds(manifest_of([*"abc"] * 5), split())
