import numpy as np
import pandas as pd
import pytest

from apparel_eye.data.folds import assign_folds
from apparel_eye.data.subsets import Subsets, assign_subsets, join_folds, without
from apparel_eye.errors import DataError
from apparel_eye.parameters import SplitParameters

VALUES = ("Invisible", "Short Length", "Long Length")
PHOTOS = [  # image key, value, label string, role, fold, subset, half
    ("a", "Long Length", "nmy", "labelled", 3, "train", -1),
    ("b", "Short Length", "nyn", "labelled", 0, "validation", 1),
    ("c", "", "", "to predict", None, None, None),
    ("d", "Short Length", "nym", "labelled", 0, "validation", 0),
    ("e", "Short Length", "nyn", "labelled", 5, "train", -1),
    ("f", "Long Length", "nny", "labelled", 0, "validation", 0),
    ("g", "Short Length", "nyn", "to predict", None, None, None),
]
MANIFEST = pd.DataFrame(
    PHOTOS, columns=["image_key", "value", "label_string", "role", "fold", "subset", "half"]
).assign(group=list("aacdeef"), sha256=[f"{row:064x}" for row in range(7)])
FOLDS = MANIFEST[["image_key", "fold", "subset", "half"]].dropna().astype({"fold": int, "half": int})
MANIFEST = MANIFEST.drop(columns=["fold", "subset", "half"])


@pytest.fixture
def subsets() -> Subsets:
    return Subsets(join_folds(MANIFEST, FOLDS.sample(frac=1, random_state=0), VALUES))


def test_rows_are_of_the_manifest_whatever_the_order_of_the_folds(subsets: Subsets) -> None:
    assert subsets.train.tolist() == [0, 4]
    assert subsets.validation.tolist() == [1, 3, 5]
    assert subsets.to_predict.tolist() == [2, 6]
    assert subsets.keys_of(subsets.to_predict) == ["c", "g"]
    assert subsets.groups.tolist() == list("aacdeef")


def test_values_keep_their_order_and_those_without_a_photo(subsets: Subsets) -> None:
    assert subsets.values == list(VALUES)
    assert subsets.table["value"].astype(object).fillna("").tolist() == MANIFEST["value"].tolist()


def test_targets_are_indices_of_the_values(subsets: Subsets) -> None:
    assert subsets.train_targets.tolist() == [2, 1]


def test_photos_that_train_have_their_keys_and_folds(subsets: Subsets) -> None:
    assert subsets.train_keys.tolist() == ["a", "e"]
    assert subsets.train_folds.tolist() == [3, 5]


def test_validation_photos_have_their_own_marks_and_parts(subsets: Subsets) -> None:
    assert ["".join(label_strings) for label_strings in subsets.validation_label_strings] == ["nyn", "nym", "nny"]
    assert subsets.validation_halves.tolist() == [1, 0, 0]


def test_photos_to_predict_whose_labels_are_known_are_answered(subsets: Subsets) -> None:
    assert subsets.answered.tolist() == [6]
    assert ["".join(label_strings) for label_strings in subsets.answered_label_strings] == ["nyn"]


def test_present_are_the_values_with_a_photo_to_fit_on(subsets: Subsets) -> None:
    assert subsets.seen_values.tolist() == [1, 2]


def test_labelled_photos_are_those_that_train_and_those_that_validate(subsets: Subsets) -> None:
    labels = ["".join(label_strings) for label_strings in subsets.all_label_strings]
    by_row = dict(zip(subsets.labelled.tolist(), labels, strict=True))
    assert by_row == {0: "nmy", 4: "nyn", 1: "nyn", 3: "nym", 5: "nny"}


def test_photos_may_be_kept_from_training(subsets: Subsets) -> None:
    fewer = subsets.fitted_on(np.arange(7) != 0)
    assert (fewer.train.tolist(), fewer.train_keys.tolist()) == ([4], ["e"])
    assert ["".join(label_strings) for label_strings in fewer.train_label_strings] == ["nyn"]
    assert fewer.seen_values.tolist() == [1]
    assert fewer.validation.tolist() == subsets.validation.tolist()
    assert fewer.to_predict.tolist() == subsets.to_predict.tolist()
    assert subsets.train.tolist() == [0, 4]


def test_photos_left_out_validate_in_two_parts_and_nobody_else_does(subsets: Subsets) -> None:
    left = without(subsets, np.array([False, True]))
    assert (left.train.tolist(), left.train_keys.tolist()) == ([0], ["a"])
    assert left.validation.tolist() == [4]
    assert ["".join(label_strings) for label_strings in left.validation_label_strings] == ["nyn"]
    assert ["".join(label_strings) for label_strings in left.train_label_strings] == ["nmy"]
    assert left.validation_halves.tolist() == [0]
    assert len(left.to_predict) == len(left.answered) == 0
    assert without(subsets, np.array([True, True])).validation_halves.tolist() == [0, 1]
    assert subsets.validation.tolist() == [1, 3, 5]


def test_a_labelled_photo_without_a_fold_is_named() -> None:
    with pytest.raises(DataError, match="1 labelled photos are in no fold, for example e; run split again"):
        join_folds(MANIFEST, FOLDS[FOLDS["image_key"] != "e"], VALUES)


def test_subsets_are_the_folds_that_are_dealt_with_rare_values_unused() -> None:
    values = ["long", "short"] * 6 + ["rare"]
    manifest = pd.DataFrame(
        {
            "image_key": [f"{row:02d}.jpg" for row in range(14)],
            "value": [*values, ""],
            "label_string": ["nyn", "ynn"] * 6 + ["nny", ""],
            "role": ["labelled"] * 13 + ["to predict"],
            "split": "",
            "group": [f"{row:02d}.jpg" for row in range(14)],
            "sha256": "0" * 64,
        }
    )
    split = SplitParameters(num_folds=3, validation_fold=0, num_halves=2, seed=1, rare_values="leave_out")
    table = assign_subsets(manifest, ["short", "long", "rare"], split)
    folds = assign_folds(manifest, split)
    pd.testing.assert_frame_equal(table.loc[:12, list(folds)], folds)
    assert table["subset"].tolist()[-2:] == ["unused", "to predict"]
    assert table[["fold", "half"]].tail(2).to_numpy().tolist() == [[-1, -1], [-1, -1]]
