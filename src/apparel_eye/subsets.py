"""Which rows of the manifest train, validate and are to be predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.metrics import Marks, marks_of

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Subsets:
    """Row numbers of the manifest, and the labels of those that have one.

    Attributes:
        train: rows of the photos to fit on.
        train_targets: index of the value of each.
        validation: rows of the photos that select.
        validation_marks: their label strings as characters, shape (validation photos, values).
        validation_parts: the part of each, for scores of what was selected on the other parts.
        questions: rows of the photos to predict.
    """

    train: Rows
    train_targets: Rows
    validation: Rows
    validation_marks: Marks
    validation_parts: Rows
    questions: Rows

    @property
    def present(self) -> Rows:
        """Indices of the values that have a photo to fit on."""
        return np.unique(self.train_targets)

    @property
    def labelled(self) -> Rows:
        """All rows with a label: those that train, then those that validate."""
        return np.concatenate([self.train, self.validation])

    @property
    def labelled_targets(self) -> Rows:
        """Index of the value of each labelled row."""
        return np.concatenate([self.train_targets, np.argmax(self.validation_marks == "y", axis=1)])


def make_subsets(manifest: pd.DataFrame, folds: pd.DataFrame, values: Sequence[str]) -> Subsets:
    """Look up where each photo of the manifest was dealt to; every labelled one must have been."""
    dealt = manifest[["image_key", "value", "label_string", "role"]].merge(folds, how="left", on="image_key")
    train = np.flatnonzero(dealt["subset"] == "train")
    validation = np.flatnonzero(dealt["subset"] == "validation")
    value_index = {value: index for index, value in enumerate(values)}
    return Subsets(
        train=train,
        train_targets=np.array([value_index[value] for value in dealt["value"].iloc[train]], dtype=np.intp),
        validation=validation,
        validation_marks=marks_of(dealt["label_string"].iloc[validation].tolist()),
        validation_parts=dealt["part"].iloc[validation].to_numpy(dtype=np.intp),
        questions=np.flatnonzero(dealt["role"] == "to predict"),
    )
