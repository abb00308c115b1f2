import numpy as np
import pandas as pd
import pytest

from apparel_eye.data.subsets import Subsets, make_subsets, without

VALUES = ("Invisible", "Short Length", "Long Length")
PHOTOS = [  # image key, value, label string, role, subset, part
    ("a", "Long Length", "nmy", "labelled", "train", -1),
    ("b", "Short Length", "nyn", "labelled", "validation", 1),
    ("c", "", "", "to predict", None, None),
    ("d", "Short Length", "nym", "labelled", "validation", 0),
    ("e", "Short Length", "nyn", "labelled", "train", -1),
    ("f", "Long Length", "nny", "labelled", "validation", 0),
    ("g", "", "", "to predict", None, None),
]


@pytest.fixture
def subsets() -> Subsets:
    table = pd.DataFrame(PHOTOS, columns=["image_key", "value", "label_string", "role", "subset", "half"])
    manifest = table[["image_key", "value", "label_string", "role"]]
    folds = table[["image_key", "subset", "half"]].dropna().astype({"half": int})
    return make_subsets(manifest, folds.sample(frac=1, random_state=0), VALUES)


def test_rows_are_of_the_manifest_whatever_the_order_of_the_folds(subsets: Subsets) -> None:
    assert subsets.train.tolist() == [0, 4]
    assert subsets.validation.tolist() == [1, 3, 5]
    assert subsets.to_predict.tolist() == [2, 6]


def test_targets_are_indices_of_the_values(subsets: Subsets) -> None:
    assert subsets.train_targets.tolist() == [2, 1]


def test_photos_that_train_have_their_keys(subsets: Subsets) -> None:
    assert subsets.train_keys.tolist() == ["a", "e"]


def test_validation_photos_have_their_own_marks_and_parts(subsets: Subsets) -> None:
    assert ["".join(label_strings) for label_strings in subsets.validation_label_strings] == ["nyn", "nym", "nny"]
    assert subsets.validation_halves.tolist() == [1, 0, 0]


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


def test_training_photos_have_their_folds(subsets: Subsets) -> None:
    folds = pd.DataFrame({"image_key": list("aebdf"), "fold": [3, 5, 0, 0, 0]})
    assert subsets.train_folds(folds.sample(frac=1, random_state=0)).tolist() == [3, 5]


def test_photos_left_out_validate_in_two_parts_and_nobody_else_does(subsets: Subsets) -> None:
    left = without(subsets, np.array([False, True]))
    assert (left.train.tolist(), left.train_keys.tolist()) == ([0], ["a"])
    assert left.validation.tolist() == [4]
    assert ["".join(label_strings) for label_strings in left.validation_label_strings] == ["nyn"]
    assert ["".join(label_strings) for label_strings in left.train_label_strings] == ["nmy"]
    assert left.validation_halves.tolist() == [0]
    assert len(left.to_predict) == len(left.answered) == 0
    assert without(subsets, np.array([True, True])).validation_halves.tolist() == [0, 1]
