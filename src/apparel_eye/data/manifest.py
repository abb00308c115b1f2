"""The photos that can be used, with the groups that must stay together, and those that were left out."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from apparel_eye.data.record import Records, texts
from apparel_eye.errors import DataError
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
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Manifest and quarantine, see ``schemas``.

    Args:
        photos: of ``layouts.read_layout``.
        records: of the same photos, see ``record.RECORD``.
        duplicates: of ``copies.find_duplicates``.
        category: the photos'.
        labels: what happens to copies with different values, and what finds a product or person in a path.

    Raises:
        DataError: a given split has the same file on both sides, or copies have different values and may not.
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
    manifest = table.loc[~bad, MANIFEST].sort_values("image_key", ignore_index=True)
    return manifest, table.loc[bad, QUARANTINE].sort_values("image_key", ignore_index=True)


def check_losses(manifest: pd.DataFrame, quarantine: pd.DataFrame, max_share: float) -> None:
    """Refuse to go on if too much was left out.

    Raises:
        DataError: more than ``max_share`` of the photos are in the quarantine, or all of a value's.
    """
    if quarantine.empty:
        return
    num_photos, first = len(manifest) + len(quarantine), quarantine.iloc[0]
    counts = ", ".join(f"{count} {reason}" for reason, count in quarantine["reason"].value_counts().items())
    shown = f"({counts}), for example {first['image_key']}: {first['message'] or first['reason']}"
    if len(quarantine) > max_share * num_photos:
        raise DataError(
            f"{len(quarantine)} of {num_photos} photos cannot be used {shown}; all stand in quarantine.csv: mend or "
            "remove them, or allow more with --params ingest.max_quarantine_share=SHARE"
        )
    lost = sorted(set(quarantine["value"]) - set(manifest["value"]) - {""})
    if lost:
        raise DataError(f"no photo of {lost[0]!r} can be used {shown}; mend them, see quarantine.csv")


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
