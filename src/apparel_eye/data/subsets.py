"""Who trains, who validates and who is to be predicted: one table for all that come after."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.data.folds import assign_folds
from apparel_eye.errors import DataError
from apparel_eye.metrics.official import LabelStrings, parse_label_strings, true_values
from apparel_eye.parameters import SplitParameters

Rows = NDArray[np.intp]
_OF_MANIFEST = ["image_key", "value", "label_string", "group", "sha256"]


@dataclass(frozen=True, eq=False)
class Subsets:
    """Rows of the photos of each subset, and their labels.

    Attributes:
        table: a row per photo of the manifest, in its order, see ``schemas.Subsets``.
    """

    table: pd.DataFrame

    @property
    def values(self) -> list[str]:
        """Names of the values, in order, also of those without a photo."""
        names: list[str] = self.table["value"].cat.categories.tolist()
        return names

    @property
    def groups(self) -> NDArray[np.object_]:
        """Of all photos: those that belong together have the same, shape (photos,)."""
        return self.table["group"].to_numpy(dtype=np.object_)

    def keys_of(self, rows: Rows) -> list[str]:
        """Image keys of photos."""
        keys: list[str] = self.table["image_key"].iloc[rows].tolist()
        return keys

    @cached_property
    def train(self) -> Rows:
        """Rows of the photos to fit on."""
        return self._rows_of("train")

    @cached_property
    def train_label_strings(self) -> LabelStrings:
        """Their label strings as characters, shape (training photos, values)."""
        return self._label_strings_of(self.train)

    @property
    def train_targets(self) -> Rows:
        """Index of the value of each training photo."""
        return true_values(self.train_label_strings)

    @property
    def train_keys(self) -> NDArray[np.str_]:
        """Image key of each training photo."""
        return np.array(self.keys_of(self.train), dtype=np.str_)

    @property
    def train_folds(self) -> Rows:
        """The fold of each training photo."""
        return self.table["fold"].to_numpy(dtype=np.intp)[self.train]

    @property
    def seen_values(self) -> Rows:
        """Indices of the values that have a photo to fit on."""
        return np.unique(self.train_targets)

    @cached_property
    def validation(self) -> Rows:
        """Rows of the photos that select."""
        return self._rows_of("validation")

    @cached_property
    def validation_label_strings(self) -> LabelStrings:
        """Their label strings, as those of training photos."""
        return self._label_strings_of(self.validation)

    @property
    def validation_halves(self) -> Rows:
        """The half of each, for scores of what was selected on the other."""
        return self.table["half"].to_numpy(dtype=np.intp)[self.validation]

    @cached_property
    def to_predict(self) -> Rows:
        """Rows of the photos to predict."""
        return self._rows_of("to predict")

    @property
    def answered(self) -> Rows:
        """Of these, the rows whose labels are known, for a score at the very end."""
        return self.to_predict[(self.table["label_string"] != "").to_numpy()[self.to_predict]]

    @property
    def answered_label_strings(self) -> LabelStrings:
        """Their label strings."""
        return self._label_strings_of(self.answered)

    @property
    def labelled(self) -> Rows:
        """Rows of the photos that train, then of those that validate."""
        return np.concatenate([self.train, self.validation])

    @property
    def all_label_strings(self) -> LabelStrings:
        """Labels of the labelled rows."""
        return np.concatenate([self.train_label_strings, self.validation_label_strings])

    def fitted_on(self, allowed: NDArray[np.bool_]) -> "Subsets":
        """The same with fewer training photos.

        Args:
            allowed: for each photo of the manifest, whether it may train.
        """
        subset = self.table["subset"]
        return Subsets(self.table.assign(subset=subset.mask((subset == "train") & ~allowed, "unused")))

    def _rows_of(self, subset: str) -> Rows:
        return np.flatnonzero(self.table["subset"] == subset)

    def _label_strings_of(self, rows: Rows) -> LabelStrings:
        return parse_label_strings(self.table["label_string"].iloc[rows].tolist())


def without(subsets: Subsets, out: NDArray[np.bool_]) -> Subsets:
    """Some training photos validate in two halves, instead of those that do; there are none to predict.

    Args:
        subsets: which photos train.
        out: which of them do not, shape (training photos,).
    """
    subset, half = (subsets.table[name].to_numpy(copy=True) for name in ("subset", "half"))
    subset[subset != "train"] = "unused"
    subset[subsets.train[out]] = "validation"
    half[subsets.train[out]] = np.arange(out.sum()) % 2
    return Subsets(subsets.table.assign(subset=subset, half=half))


def assign_subsets(manifest: pd.DataFrame, values: list[str], split: SplitParameters) -> pd.DataFrame:
    """Deal labelled photos into folds, see ``schemas.Subsets``.

    Raises:
        DataError: a value has too few photos, or there is only one value.
    """
    return join_folds(manifest, assign_folds(manifest, split), values)


def join_folds(manifest: pd.DataFrame, folds: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """The table of ``Subsets``.

    Args:
        manifest: see ``schemas.Manifest``.
        folds: of its labelled photos, in any order, as ``folds.assign_folds`` makes them.
        values: names of the values, in order.

    Raises:
        DataError: a labelled photo is in no fold.
    """
    joined = manifest[_OF_MANIFEST].merge(folds, how="left", on="image_key")
    asked = (manifest["role"] == "to predict").to_numpy()
    lost = joined.loc[~asked & joined["subset"].isna(), "image_key"]
    if len(lost):
        raise DataError(f"{len(lost)} labelled photos are in no fold, for example {lost.iloc[0]}; run split again")
    joined["subset"] = joined["subset"].mask(asked, "to predict")
    joined["value"] = pd.Categorical(joined["value"].where(joined["value"] != ""), categories=list(values))
    return joined.fillna({"fold": -1, "half": -1}).astype({"fold": "int64", "half": "int64"})
