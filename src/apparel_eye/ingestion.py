"""Checking the photos of a layout: what can be used, and what was left out and why."""

import hashlib
import logging
from dataclasses import dataclass

import pandas as pd
from tqdm import tqdm

from apparel_eye.errors import DataError
from apparel_eye.parameters import IngestParameters
from apparel_eye.raw_folder import RawFolder
from apparel_eye.vision.photos import PhotoError, in_threads, read_photo

logger = logging.getLogger(__name__)

_MANIFEST = ["image_key", "category", "value", "label_string", "role", "group", "domain", "width", "height", "sha256"]
_QUARANTINE = ["image_key", "value", "role", "reason", "message", "sha256"]


@dataclass(frozen=True)
class _Checked:
    sha256: str = ""
    width: int = 0
    height: int = 0
    reason: str = ""
    message: str = ""


def check_photos(
    photos: pd.DataFrame, folder: RawFolder, category: str, limits: IngestParameters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read every photo once.

    Args:
        photos: of ``layouts.read_layout``.
        folder: where they lie.
        category: theirs.
        limits: what a photo must be like.

    Returns:
        Manifest and quarantine, see ``schemas``.

    Raises:
        DataError: a photo has two labels, more than the allowed share is bad, or nothing is left.
    """
    unique = photos.drop_duplicates(["image_key", "label_string", "role"])
    twice = unique["image_key"][unique["image_key"].duplicated()]
    if len(twice):
        raise DataError(f"{len(twice)} photos have two different labels, for example {twice.iloc[0]}; keep one of them")
    bar = tqdm(unique["image_key"], desc=f"check {category}", unit="photo", disable=None)
    checked = pd.DataFrame([*in_threads(lambda key: _check(folder, key, limits), bar)], index=unique.index)
    table = _mark_conflicts(unique.join(checked)).assign(category=category)
    table = table.assign(group=table["sha256"].str[:16], domain=table["image_key"].map(_domains(folder)).fillna(""))
    bad = table["reason"] != ""
    _report(table[bad], len(table), limits)
    manifest = table.loc[~bad, _MANIFEST].sort_values("image_key", ignore_index=True)
    if not (manifest["role"] == "labelled").any():
        raise DataError(f"no labelled photo of {category} can be used, see the example above; mend them")
    return manifest, table.loc[bad, _QUARANTINE].reset_index(drop=True)


def _check(folder: RawFolder, key: str, limits: IngestParameters) -> _Checked:
    try:
        data = folder.read(key)
    except OSError as error:
        return _Checked(reason="unreadable file", message=error.strerror or type(error).__name__)
    checksum = hashlib.sha256(data).hexdigest()
    try:
        width, height = read_photo(data, limits).size
    except PhotoError as error:
        return _Checked(checksum, reason=error.reason, message=str(error))
    return _Checked(checksum, width, height)


def _mark_conflicts(table: pd.DataFrame) -> pd.DataFrame:
    """Byte-identical photos with different labels teach nothing: all of them are left out."""
    usable = table[(table["role"] == "labelled") & (table["reason"] == "")]
    num_values = usable.groupby("sha256")["value"].nunique()
    conflicting = usable["sha256"].isin(num_values.index[num_values > 1])
    rows = usable.index[conflicting]
    table = table.copy()
    table.loc[rows, "reason"] = "conflicting labels"
    table.loc[rows, "message"] = "another photo with the same bytes has another label"
    return table


def _domains(folder: RawFolder) -> dict[str, str]:
    """From ``domain.csv`` where there is one: image key to worn or flat."""
    if not any(file.key == "domain.csv" for file in folder.files):
        return {}
    lines = folder.read("domain.csv").decode("utf-8-sig").splitlines()
    return {key: domain for key, _, domain in (line.partition(",") for line in lines)}


def _report(bad: pd.DataFrame, num_photos: int, limits: IngestParameters) -> None:
    if bad.empty:
        return
    counts = ", ".join(f"{count} {reason}" for reason, count in bad["reason"].value_counts().items())
    example = f"for example {bad['image_key'].iloc[0]}: {bad['message'].iloc[0]}"
    logger.warning("%d of %d photos are left out (%s), %s", len(bad), num_photos, counts, example)
    if len(bad) > limits.max_quarantine_share * num_photos:
        raise DataError(
            f"{len(bad)} of {num_photos} photos cannot be used ({counts}), {example}; mend them, or allow more with "
            "--params ingest.max_quarantine_share=SHARE"
        )
