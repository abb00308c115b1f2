import numpy as np
import pandas as pd
import pytest

from apparel_eye.subsets import Subsets, make_subsets, without_fold

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
    table = pd.DataFrame(PHOTOS, columns=["image_key", "value", "label_string", "role", "subset", "part"])
    manifest = table[["image_key", "value", "label_string", "role"]]
    folds = table[["image_key", "subset", "part"]].dropna().astype({"part": int})
    return make_subsets(manifest, folds.sample(frac=1, random_state=0), VALUES)


def test_rows_are_of_the_manifest_whatever_the_order_of_the_folds(subsets: Subsets) -> None:
    assert subsets.train.tolist() == [0, 4]
    assert subsets.validation.tolist() == [1, 3, 5]
    assert subsets.questions.tolist() == [2, 6]


def test_targets_are_indices_of_the_values(subsets: Subsets) -> None:
    assert subsets.train_targets.tolist() == [2, 1]


def test_photos_that_train_have_their_keys(subsets: Subsets) -> None:
    assert subsets.train_keys.tolist() == ["a", "e"]


def test_validation_photos_have_their_own_marks_and_parts(subsets: Subsets) -> None:
    assert ["".join(marks) for marks in subsets.validation_marks] == ["nyn", "nym", "nny"]
    assert subsets.validation_parts.tolist() == [1, 0, 0]


def test_present_are_the_values_with_a_photo_to_fit_on(subsets: Subsets) -> None:
    assert subsets.present.tolist() == [1, 2]


def test_labelled_photos_are_those_that_train_and_those_that_validate(subsets: Subsets) -> None:
    labels = ["".join(marks) for marks in subsets.labelled_marks]
    by_row = dict(zip(subsets.labelled.tolist(), labels, strict=True))
    assert by_row == {0: "nmy", 4: "nyn", 1: "nyn", 3: "nym", 5: "nny"}


def test_without_a_fold_its_photos_validate_in_two_parts_and_nobody_else_does(subsets: Subsets) -> None:
    without = without_fold(subsets, np.array([3, 5]), 5)
    assert (without.train.tolist(), without.train_keys.tolist()) == ([0], ["a"])
    assert without.validation.tolist() == [4]
    assert ["".join(marks) for marks in without.validation_marks] == ["nyn"]
    assert ["".join(marks) for marks in without.train_marks] == ["nmy"]
    assert without.validation_parts.tolist() == [0]
    assert len(without.questions) == len(without.tests) == 0
