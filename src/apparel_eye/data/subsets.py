"""Which rows of the manifest train, validate and are to be predicted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.errors import DataError
from apparel_eye.metrics.official import Marks, marks_of, true_values

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Subsets:
    """Row numbers of the manifest, and the labels of those that have one.

    Attributes:
        train: rows of the photos to fit on.
        train_marks: their label strings as characters, shape (training photos, values).
        train_keys: their image keys.
        validation: rows of the photos that select.
        validation_marks: their label strings, likewise.
        validation_parts: the part of each, for scores of what was selected on the other parts.
        questions: rows of the photos to predict.
        tests: of these, the rows whose labels are known, for a score at the very end.
        test_marks: their label strings, likewise.
    """

    train: Rows
    train_marks: Marks
    train_keys: NDArray[np.str_]
    validation: Rows
    validation_marks: Marks
    validation_parts: Rows
    questions: Rows
    tests: Rows
    test_marks: Marks

    @property
    def train_targets(self) -> Rows:
        """Index of the value of each training photo."""
        return true_values(self.train_marks)

    @property
    def present(self) -> Rows:
        """Indices of the values that have a photo to fit on."""
        return np.unique(self.train_targets)

    def train_folds(self, folds: pd.DataFrame) -> Rows:
        """The fold of each training photo."""
        fold_of = folds.set_index("image_key")["fold"]
        found: Rows = fold_of.loc[self.train_keys.tolist()].to_numpy(dtype=np.intp)
        return found

    def training(self, kept: NDArray[np.bool_]) -> "Subsets":
        """The same with some of the training photos, shape (training photos,)."""
        return replace(
            self, train=self.train[kept], train_marks=self.train_marks[kept], train_keys=self.train_keys[kept]
        )

    def fitted_on(self, allowed: NDArray[np.bool_]) -> "Subsets":
        """The same with fewer training photos.

        Args:
            allowed: for each photo of the manifest, whether it may train.
        """
        return self.training(allowed[self.train])

    @property
    def labelled(self) -> Rows:
        """All rows with a label: those that train, then those that validate."""
        return np.concatenate([self.train, self.validation])

    @property
    def labelled_marks(self) -> Marks:
        """Labels of the labelled rows."""
        return np.concatenate([self.train_marks, self.validation_marks])


def without(subsets: Subsets, out: NDArray[np.bool_]) -> Subsets:
    """Some training photos validate in two parts, instead of those that do; there are none to predict.

    Args:
        subsets: which photos train.
        out: which of them do not, shape (training photos,).
    """
    return replace(
        subsets.training(~out),
        validation=subsets.train[out],
        validation_marks=subsets.train_marks[out],
        validation_parts=np.arange(out.sum()) % 2,
        questions=subsets.questions[:0],
        tests=subsets.tests[:0],
        test_marks=subsets.test_marks[:0],
    )


def make_subsets(manifest: pd.DataFrame, folds: pd.DataFrame, values: Sequence[str]) -> Subsets:
    """Look up where each photo of the manifest was dealt to; every labelled one must have been."""
    dealt = manifest[["image_key", "label_string", "role"]].merge(folds, how="left", on="image_key")
    lost = dealt[(dealt["role"] == "labelled") & dealt["subset"].isna()]
    if len(lost):
        raise DataError(
            f"{len(lost)} labelled photos are in no fold, for example {lost['image_key'].iloc[0]}; run split again"
        )
    train = np.flatnonzero(dealt["subset"] == "train")
    validation = np.flatnonzero(dealt["subset"] == "validation")
    tests = np.flatnonzero((dealt["role"] == "to predict") & (dealt["label_string"] != ""))
    return Subsets(
        train=train,
        train_marks=marks_of(dealt["label_string"].iloc[train].tolist()),
        train_keys=dealt["image_key"].iloc[train].to_numpy(dtype=np.str_),
        validation=validation,
        validation_marks=marks_of(dealt["label_string"].iloc[validation].tolist()),
        validation_parts=dealt["part"].iloc[validation].to_numpy(dtype=np.intp),
        questions=np.flatnonzero(dealt["role"] == "to predict"),
        tests=tests,
        test_marks=marks_of(dealt["label_string"].iloc[tests].tolist()),
    )
