"""Dealing labelled photos into folds: groups stay together, values are spread evenly."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from apparel_eye.errors import DataError
from apparel_eye.parameters import SplitParameters


def assign_folds(manifest: pd.DataFrame, split: SplitParameters) -> pd.DataFrame:
    """Where each labelled photo goes, see ``schemas.Folds``.

    Raises:
        DataError: a value has too few photos, or there is only one value.
    """
    labelled = manifest[manifest["role"] == "labelled"].reset_index(drop=True)
    groups = labelled.groupby("value")["group"].nunique()
    few = groups[groups < split.num_folds]
    if len(few):
        raise DataError(
            f"{few.index[0]!r} has {few.iloc[0]} different photos, but each of {split.num_folds} folds needs one; add "
            f"photos, remove the value, or set --params split.num_folds={max(2, int(few.iloc[0]))}"
        )
    if len(groups) < 2:
        raise DataError(f"all labelled photos have the value {groups.index[0]!r}; at least two values are needed")
    fold = _deal(labelled, split.num_folds, split.seed)
    is_validation = fold == split.validation_fold
    most = labelled[is_validation].groupby("value")["group"].nunique().max()
    if most < split.num_parts:
        raise DataError(
            f"no value has more than {most} different photos among the {is_validation.sum()} that validate, but their "
            f"{split.num_parts} parts need one each; add photos, or set --params split.num_folds to fewer"
        )
    part = np.full(len(labelled), -1)
    part[is_validation] = _deal(labelled[is_validation], split.num_parts, split.seed)
    return pd.DataFrame(
        {
            "image_key": labelled["image_key"],
            "fold": fold,
            "subset": np.where(is_validation, "validation", "train"),
            "part": part,
        }
    )


def _deal(photos: pd.DataFrame, num_folds: int, seed: int) -> np.ndarray:
    """The fold of each photo, from 0."""
    fold = np.zeros(len(photos), dtype=np.int64)
    splitter = StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(photos, photos["value"], photos["group"])):
        fold[held_out] = number
    return fold
