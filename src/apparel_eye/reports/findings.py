"""What people should know of a category's photos before they train on them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from apparel_eye.data.record import Thumbnails

_SHORTCUT = 0.5
"""Of the way from guessing to perfection."""
_FEWEST = 10
"""Photos of a value below which nothing can be said about it."""

Finding = tuple[str, int, str]


def find(
    photos: pd.DataFrame,
    manifest: pd.DataFrame,
    quarantine: pd.DataFrame,
    duplicates: pd.DataFrame,
    thumbnails: Thumbnails,
    notes: Sequence[str],
) -> pd.DataFrame:
    """See ``schemas.Findings``: what was left out or converted, copies, leaks, shortcuts, the layout's notes."""
    findings = [
        *_counted("left out", quarantine["reason"], quarantine),
        *_counted("read, but", manifest["fixes"].str.split(", ").explode(), manifest),
        *_of_copies(duplicates),
        *_of_shortcuts(photos, manifest, thumbnails),
        *((note, 0, "") for note in notes),
    ]
    return pd.DataFrame(findings, columns=["finding", "photos", "for_example"]).astype(
        {"finding": str, "photos": "int64", "for_example": str}
    )


def _counted(what: str, codes: pd.Series, table: pd.DataFrame) -> Iterator[Finding]:
    for code, of_code in codes.groupby(codes):
        if code:
            yield f"{what}: {code}", len(of_code), str(table.loc[of_code.index[0], "image_key"])


def _of_copies(duplicates: pd.DataFrame) -> Iterator[Finding]:
    example = duplicates["first_image_key"] + " and " + duplicates["second_image_key"]
    asked = duplicates[["first_role", "second_role"]] == "to predict"
    leaks = asked.sum(axis=1) == 1
    asked_key = duplicates["first_image_key"].where(asked["first_role"], duplicates["second_image_key"])
    labels_differ = duplicates["first_value"] != duplicates["second_value"]
    splits_differ = duplicates["first_split"] != duplicates["second_split"]
    for what, chosen in (
        ("pairs of identical files", duplicates["kind"] == "identical"),
        ("pairs of near copies", duplicates["kind"] == "near"),
        ("pairs of copies with different values", ~asked.any(axis=1) & labels_differ),
        ("photos to predict that are also labelled", leaks & ~asked_key.where(leaks).duplicated()),
        ("pairs of near copies on both sides of the given split", splits_differ),
    ):
        if chosen.any():
            yield what, int(chosen.sum()), str(example[chosen].iloc[0])


def _of_shortcuts(photos: pd.DataFrame, manifest: pd.DataFrame, thumbnails: Thumbnails) -> Iterator[Finding]:
    """Values that can be told without looking at the garment: a network would learn that instead."""
    row_of = pd.Index(photos["image_key"])
    labelled = manifest[manifest["role"] == "labelled"]
    common = labelled.groupby("value")["value"].transform("size") >= _FEWEST
    labelled = labelled[common]
    if labelled["value"].nunique() < 2:
        return
    rows = row_of.get_indexer(labelled["image_key"])
    grey = np.array([(pixels.mean(), pixels.std()) for pixels in (thumbnails[row] for row in rows)])
    outside = {
        "size or side ratio": labelled[["width", "height"]].assign(ratio=labelled["width"] / labelled["height"]),
        "file size": photos["size"].to_numpy()[rows][:, None],
        "brightness or contrast": grey,
    }
    for name, features in outside.items():
        reached = _guess(np.asarray(features, dtype=np.float64), labelled["value"].to_numpy())
        chance = 1 / labelled["value"].nunique()
        if reached >= chance + _SHORTCUT * (1 - chance):
            yield f"{name} alone tells the value in {reached:.0%} of cases: check how photos were collected", 0, ""


def _guess(features: NDArray[np.float64], values: NDArray[np.object_]) -> float:
    """Balanced accuracy of a small tree on photos that it has not seen."""
    tree = DecisionTreeClassifier(max_depth=6, min_samples_leaf=3, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    return float(balanced_accuracy_score(values, cross_val_predict(tree, features, values, cv=folds)))
