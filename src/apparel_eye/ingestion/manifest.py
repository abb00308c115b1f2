"""The photos that can be used, with the groups that must stay together, and those that were left out."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from apparel_eye.errors import DataError
from apparel_eye.ingestion.record import Records, texts
from apparel_eye.parameters import LabelParameters

MANIFEST = [
    "image_key", "category", "value", "label_string", "role", "split", "group", "domain", "width", "height", "sha256",
    "fixes",
]  # fmt: skip
QUARANTINE = ["image_key", "value", "role", "reason", "message", "sha256"]


def make_manifest(
    photos: pd.DataFrame,
    records: Records,
    duplicates: pd.DataFrame,
    category: str,
    labels: LabelParameters,
    max_share: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Manifest and quarantine, see ``schemas``.

    Args:
        photos: of ``layouts.read_layout``.
        records: of the same photos, see ``record.RECORD``.
        duplicates: of ``copies.find_duplicates``.
        category: the photos'.
        labels: what happens to copies with different values, and what finds a product or person in a path.
        max_share: of the photos, that may be left out.

    Raises:
        DataError: too much is left out, a value loses all of its photos, or a given split has the same file on both
            sides.
    """
    table = photos.assign(
        category=category,
        width=records["width"],
        height=records["height"],
        **{field: texts(records, field) for field in ("sha256", "reason", "message", "fixes")},
    )
    _check_given_split(duplicates)
    copies = _components(table["image_key"], duplicates[["first_image_key", "second_image_key"]].to_numpy())
    table = _leave_out_conflicts(table, copies, labels.conflicts)
    table["group"] = _groups(table, copies, labels.group_pattern)
    bad = table["reason"] != ""
    _check_losses(table, bad, max_share)
    manifest = table.loc[~bad, MANIFEST].sort_values("image_key", ignore_index=True)
    return manifest, table.loc[bad, QUARANTINE].sort_values("image_key", ignore_index=True)


def _components(image_keys: pd.Series, pairs: NDArray[np.object_]) -> NDArray[np.intp]:
    """A number for each photo, the same for photos that are connected by pairs."""
    row_of = pd.Index(image_keys)
    first, second = row_of.get_indexer(pairs[:, 0]), row_of.get_indexer(pairs[:, 1])
    size = len(image_keys)
    links = coo_array((np.ones(len(pairs), dtype=np.int8), (first, second)), shape=(size, size))
    component: NDArray[np.intp] = connected_components(links, directed=False)[1].astype(np.intp)
    return component


def _leave_out_conflicts(table: pd.DataFrame, copies: NDArray[np.intp], conflicts: str) -> pd.DataFrame:
    """Copies of one photo with different values teach nothing: all of them are left out."""
    usable = table.assign(copies=copies)[(table["role"] == "labelled") & (table["reason"] == "")]
    values = usable.groupby("copies")["value"].unique()
    found = usable[usable["copies"].isin(values.index[values.str.len() > 1])]
    if len(found) and conflicts == "stop":
        raise DataError(f"{_describe(found)}; correct the labels, or set --params ingest.labels.conflicts=leave_out")
    table = table.copy()
    table.loc[found.index, "reason"] = "conflicting labels"
    table.loc[found.index, "message"] = [
        f"copies of this photo have the values {', '.join(values[number])}" for number in found["copies"]
    ]
    return table


def _describe(found: pd.DataFrame) -> str:
    example = found[found["copies"] == found["copies"].iloc[0]]
    named = " and ".join(f"{key} ({value})" for key, value in zip(example["image_key"], example["value"], strict=True))
    return f"{len(found)} labelled photos are copies of each other with different values, for example {named}"


def _groups(table: pd.DataFrame, copies: NDArray[np.intp], pattern: str) -> list[str]:
    """Copies stay together, and so do photos of one product or person; a group is named by its first photo."""
    if pattern:
        found = table["image_key"].str.extract(pattern, expand=True)[0].fillna("")
        table = table.assign(group=table["group"].where(table["group"] != "", found))
    named = table["group"] != ""
    first_of_copies, first_of_name = table.groupby(copies)["image_key"], table[named].groupby("group")["image_key"]
    pairs = np.concatenate(
        [
            np.stack([table["image_key"], first_of_copies.transform("min")], axis=1),
            np.stack([table.loc[named, "image_key"], first_of_name.transform("min")], axis=1),
        ]
    )
    component = _components(table["image_key"], pairs)
    return table.groupby(component)["image_key"].transform("min").tolist()


def _check_given_split(duplicates: pd.DataFrame) -> None:
    """Where folders say what trains and what tests, the same file may not do both."""
    on_both = duplicates[
        (duplicates["kind"] == "identical") & (duplicates["first_split"] != duplicates["second_split"])
    ]
    if len(on_both):
        first = on_both.iloc[0]
        raise DataError(
            f"{len(on_both)} photos stand on both sides of the given split, for example {first['first_image_key']} and "
            f"{first['second_image_key']}; remove one of each"
        )


def _check_losses(table: pd.DataFrame, bad: pd.Series, max_share: float) -> None:
    counts = ", ".join(f"{count} {reason}" for reason, count in table.loc[bad, "reason"].value_counts().items())
    example = "".join(
        f"{row['image_key']}: {row['message'] or row['reason']}" for row in table[bad][:1].to_dict("records")
    )
    if bad.sum() > max_share * len(table):
        raise DataError(
            f"{bad.sum()} of {len(table)} photos cannot be used ({counts}), for example {example}; mend or remove "
            "them, or allow more with --params ingest.max_quarantine_share=SHARE"
        )
    labelled = table[table["role"] == "labelled"]
    lost = sorted(set(labelled["value"]) - set(labelled.loc[~bad, "value"]))
    if lost:
        raise DataError(f"no photo of {lost[0]!r} can be used ({counts}), for example {example}; mend them")
