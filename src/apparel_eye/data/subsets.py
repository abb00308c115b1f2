"""Which rows of the manifest train, validate and are to be predicted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.errors import DataError
from apparel_eye.metrics.official import LabelStrings, parse_label_strings, true_values

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Subsets:
    """Row numbers of the manifest, and the labels of those that have one.

    Attributes:
        train: rows of the photos to fit on.
        train_label_strings: their label strings as characters, shape (training photos, values).
        train_keys: their image keys.
        validation: rows of the photos that select.
        validation_label_strings: their label strings, likewise.
        validation_halves: the half of each, for scores of what was selected on the other.
        to_predict: rows of the photos to predict.
        answered: of these, the rows whose labels are known, for a score at the very end.
        answered_label_strings: their label strings, likewise.
    """

    train: Rows
    train_label_strings: LabelStrings
    train_keys: NDArray[np.str_]
    validation: Rows
    validation_label_strings: LabelStrings
    validation_halves: Rows
    to_predict: Rows
    answered: Rows
    answered_label_strings: LabelStrings

    @property
    def train_targets(self) -> Rows:
        """Index of the value of each training photo."""
        return true_values(self.train_label_strings)

    @property
    def seen_values(self) -> Rows:
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
            self,
            train=self.train[kept],
            train_label_strings=self.train_label_strings[kept],
            train_keys=self.train_keys[kept],
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
    def all_label_strings(self) -> LabelStrings:
        """Labels of the labelled rows."""
        return np.concatenate([self.train_label_strings, self.validation_label_strings])


def without(subsets: Subsets, out: NDArray[np.bool_]) -> Subsets:
    """Some training photos validate in two halves, instead of those that do; there are none to predict.

    Args:
        subsets: which photos train.
        out: which of them do not, shape (training photos,).
    """
    return replace(
        subsets.training(~out),
        validation=subsets.train[out],
        validation_label_strings=subsets.train_label_strings[out],
        validation_halves=np.arange(out.sum()) % 2,
        to_predict=subsets.to_predict[:0],
        answered=subsets.answered[:0],
        answered_label_strings=subsets.answered_label_strings[:0],
    )


def make_subsets(manifest: pd.DataFrame, folds: pd.DataFrame, values: Sequence[str]) -> Subsets:
    """Look up where each photo of the manifest was dealt to; every labelled one must have been."""
    assigned = manifest[["image_key", "label_string", "role"]].merge(folds, how="left", on="image_key")
    lost = assigned[(assigned["role"] == "labelled") & assigned["subset"].isna()]
    if len(lost):
        raise DataError(
            f"{len(lost)} labelled photos are in no fold, for example {lost['image_key'].iloc[0]}; run split again"
        )
    train = np.flatnonzero(assigned["subset"] == "train")
    validation = np.flatnonzero(assigned["subset"] == "validation")
    answered = np.flatnonzero((assigned["role"] == "to predict") & (assigned["label_string"] != ""))
    return Subsets(
        train=train,
        train_label_strings=parse_label_strings(assigned["label_string"].iloc[train].tolist()),
        train_keys=assigned["image_key"].iloc[train].to_numpy(dtype=np.str_),
        validation=validation,
        validation_label_strings=parse_label_strings(assigned["label_string"].iloc[validation].tolist()),
        validation_halves=assigned["half"].iloc[validation].to_numpy(dtype=np.intp),
        to_predict=np.flatnonzero(assigned["role"] == "to predict"),
        answered=answered,
        answered_label_strings=parse_label_strings(assigned["label_string"].iloc[answered].tolist()),
    )
