"""From the raw folder to the manifest."""

import pandas as pd
from matplotlib.figure import Figure

from apparel_eye.parameters import IngestParameters
from apparel_eye.raw_folder import RawFolder


def ingest_photos(
    raw_folder: RawFolder, category: str, ingest: IngestParameters
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, list[str]]:
    """Manifest, quarantine, the photos to predict in their order, and the category's values."""
    from apparel_eye.ingestion import check_photos
    from apparel_eye.layouts import read_layout

    photos, values = read_layout(raw_folder, category)
    manifest, quarantine = check_photos(photos, raw_folder, category, ingest)
    questions = photos.loc[photos["role"] == "to predict", ["image_key"]].reset_index(drop=True)
    return manifest, quarantine, questions, list(values)


def summarize_category(manifest: pd.DataFrame, quarantine: pd.DataFrame, values: list[str]) -> pd.DataFrame:
    """Photos per value."""
    labelled = manifest[manifest["role"] == "labelled"]
    maybe = labelled[labelled["label_string"].str.contains("m")]
    counts = {
        "labelled": labelled["value"].value_counts(),
        "with_maybe": maybe["value"].value_counts(),
        "quarantined": quarantine["value"].value_counts(),
    }
    table = pd.DataFrame({name: count.reindex(values, fill_value=0) for name, count in counts.items()})
    return table.astype("int64").rename_axis("value").reset_index()


def draw_overview(category_overview: pd.DataFrame, category: str) -> Figure:
    """Bars of the photos per value."""
    from apparel_eye.figures import overview

    return overview(category_overview, category)
