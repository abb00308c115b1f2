"""Dealing labelled photos into folds: groups stay together, values are spread evenly."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.errors import DataError
from apparel_eye.parameters import SplitParameters

Folds = NDArray[np.int64]


def assign_folds(manifest: pd.DataFrame, split: SplitParameters) -> pd.DataFrame:
    """Fold, subset and half of each labelled photo, as ``schemas.Subsets`` has them, by its ``image_key``.

    Photos that folders gave to a side stay there.

    Raises:
        DataError: a value has too few photos, or there is only one value.
    """
    labelled = manifest[manifest["role"] == "labelled"].reset_index(drop=True)
    assigned = labelled[_is_common(labelled, split)]
    if assigned["value"].nunique() < 2:
        raise DataError(
            f"only {sorted(assigned['value'].unique())} has photos to train on; at least two values are needed"
        )
    fold = _folds_of(assigned, split)
    is_validation = fold == split.validation_fold
    half = np.full(len(assigned), -1)
    half[is_validation] = _halves_of(assigned[is_validation], split)
    of_assigned = pd.DataFrame(
        {"fold": fold, "subset": np.where(is_validation, "validation", "train"), "half": half}, index=assigned.index
    )
    rest = pd.DataFrame({"fold": -1, "subset": "unused", "half": -1}, index=labelled.index.difference(assigned.index))
    return labelled[["image_key"]].join(pd.concat([of_assigned, rest]))


def _is_common(labelled: pd.DataFrame, split: SplitParameters) -> pd.Series:
    """Which photos have a value with enough of them; the others stop the run, or are left out if that is wanted."""
    groups = labelled.groupby("value")["group"].nunique()
    rare = groups[groups < split.num_folds]
    if len(rare) and split.rare_values == "stop":
        value, found = rare.index[0], int(rare.iloc[0])
        fewer = f"--params split.num_folds={found}, or " if found > 1 else ""
        raise DataError(
            f"{value!r} has {found} different photos, but each of {split.num_folds} folds needs one: add "
            f"{split.num_folds - found}, or set {fewer}--params split.rare_values=leave_out"
        )
    return ~labelled["value"].isin(rare.index)


def _folds_of(assigned: pd.DataFrame, split: SplitParameters) -> Folds:
    given = assigned["split"].to_numpy()
    if "validation" not in given:
        return _assign_completely(assigned, split.num_folds, split.seed)
    others = np.delete(np.arange(split.num_folds), split.validation_fold)
    fold = np.full(len(assigned), split.validation_fold)
    train = given != "validation"
    fold[train] = others[_assign(assigned[train], len(others), split.seed)]
    return fold


def _assign_completely(photos: pd.DataFrame, num_folds: int, seed: int) -> Folds:
    """Deal, and see to it that each value is on both sides of each fold."""
    fold = _assign(photos, num_folds, seed)
    counts = pd.crosstab(photos["value"].to_numpy(), fold)
    lacking = counts.index[(counts == 0).any(axis=1)]
    if len(lacking):
        raise DataError(
            f"photos of {lacking[0]!r} share their groups with other values, so that some of {num_folds} folds have "
            f"none of them; add photos of other products, or set --params split.num_folds={num_folds - 1}"
        )
    return fold


def _halves_of(validating: pd.DataFrame, split: SplitParameters) -> Folds:
    most = validating.groupby("value")["group"].nunique().max()
    if most < split.num_halves:
        raise DataError(
            f"no value has more than {most} different photos among the {len(validating)} that validate, but their "
            f"{split.num_halves} halves need one each; add photos, or set --params split.num_folds to fewer"
        )
    return _assign(validating, split.num_halves, split.seed)


def _assign(photos: pd.DataFrame, num_folds: int, seed: int) -> Folds:
    """The fold of each photo, from 0: group by group, to the fold that has least of the group's rarest value.

    Groups of rare values come first and large ones before small ones, so a value with as many groups of its own as
    there are folds is in each of them.
    """
    counts = pd.crosstab(photos["group"], photos["value"]).sort_index()
    per_group = counts.to_numpy()
    num_groups = (per_group > 0).sum(axis=0)
    rarity = np.where(per_group > 0, num_groups, len(per_group) + 1)
    generator = np.random.default_rng(seed)
    chance, tie = generator.permutation(len(per_group)), generator.permutation(num_folds)
    in_fold = np.zeros((num_folds, per_group.shape[1]), dtype=np.int64)
    fold_of_group = np.zeros(len(per_group), dtype=np.int64)
    for group in np.lexsort((chance, -per_group.sum(axis=1), rarity.min(axis=1))):
        value = rarity[group].argmin()
        fold = np.lexsort((tie, in_fold.sum(axis=1), in_fold[:, value]))[0]
        in_fold[fold] += per_group[group]
        fold_of_group[group] = fold
    return fold_of_group[counts.index.get_indexer(pd.Index(photos["group"]))]
