"""From the raw folder to the manifest."""

import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd

from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.parameters import DuplicateParameters, LabelParameters

logger = logging.getLogger(__name__)

NumberArray = Any
"""A NumPy array; Kedro reads the annotations of nodes when it runs, where NumPy's own are no types."""


def find_photos(
    raw_folder: RawFolder, category: str, labels: LabelParameters
) -> tuple[pd.DataFrame, pd.DataFrame, list[str], list[str]]:
    """The photos with their labels, those to predict in their order, the values, and what was noticed."""
    from apparel_eye.data.layouts import read_layout

    layout = read_layout(raw_folder, category, labels)
    asked = (layout.photos["role"] == "to predict") & (layout.photos["split"] != "test")
    questions = layout.photos.loc[asked, ["image_key"]].reset_index(drop=True)
    return layout.photos, questions, list(layout.values), list(layout.notes)


def find_duplicates(
    photo_list: pd.DataFrame, photo_records: NumberArray, thumbnails: NumberArray, duplicates: DuplicateParameters
) -> pd.DataFrame:
    """Pairs of copies."""
    from apparel_eye.data.duplicates import copies

    return copies.find_duplicates(photo_list, photo_records, thumbnails, duplicates.min_similarity)


def make_manifest(
    photo_list: pd.DataFrame,
    photo_records: NumberArray,
    duplicates: pd.DataFrame,
    category: str,
    labels: LabelParameters,
    max_share: float,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """The photos that can be used, and those that were left out; both are saved before too many stop the run."""
    from apparel_eye.data import manifest

    usable, left_out = manifest.make_manifest(photo_list, photo_records, duplicates, category, labels)
    yield usable, left_out
    manifest.check_losses(usable, left_out, max_share)


def summarize_category(
    photo_list: pd.DataFrame,
    manifest: pd.DataFrame,
    quarantine: pd.DataFrame,
    duplicates: pd.DataFrame,
    thumbnails: NumberArray,
    values: list[str],
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Photos per value, and what people should know of them."""
    from apparel_eye.reports.findings import find
    from apparel_eye.reports.overview import count_values

    findings = find(photo_list, manifest, quarantine, duplicates, thumbnails, notes)
    for found in findings.to_dict("records"):
        count, example = f"{found['photos']:,} " if found["photos"] else "", found["for_example"]
        logger.info("    %s%s%s", count, found["finding"], f", for example {example}" if example else "")
    return count_values(manifest, quarantine, values), findings
