"""A raw folder of noise photos in the FashionAI layout, and the steps from there to the manifest."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apparel_eye.ingestion.copies import find_duplicates
from apparel_eye.ingestion.manifest import check_losses, make_manifest
from apparel_eye.ingestion.scan import scan_photos
from apparel_eye.layouts import read_layout
from apparel_eye.parameters import IngestParameters, PhotoParameters
from apparel_eye.raw_folder import scan_folder
from apparel_eye.schemas import Duplicates, Manifest, PhotoList, Quarantine

FOLDER = "Images/skirt_length_labels"
SHORT, KNEE = "nynnnn", "nnynnn"
NOTHING = np.zeros(0)

Scanned = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Ingested:
    """What the ingest pipeline makes of a category."""

    photos: pd.DataFrame
    thumbnails: np.ndarray
    duplicates: pd.DataFrame
    manifest: pd.DataFrame
    quarantine: pd.DataFrame
    notes: tuple[str, ...]


def write_table(path: Path, labels: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{FOLDER}/{name},skirt_length_labels,{label}\n" for name, label in labels))


@pytest.fixture(scope="session")
def label() -> Callable[..., None]:
    """Write the labels of four short skirts, four to the knee, and what else is given."""

    def write(raw: Path, *more: tuple[str, str]) -> None:
        labels = [(f"{number}.png", SHORT if number < 4 else KNEE) for number in range(8)]
        write_table(raw / "base" / "Annotations" / "label.csv", [*labels, *more])

    return write


@pytest.fixture
def raw(tmp_path: Path, write_photo: Callable[..., Path], label: Callable[..., None]) -> Path:
    """Eight labelled photos, four of each value, and two to predict, all different."""
    for number in range(8):
        write_photo(tmp_path / "base" / FOLDER / f"{number}.png", number, (40 + number, 60))
    for number in (1, 0):
        write_photo(tmp_path / "rank" / FOLDER / f"{number}.png", 100 + number)
    label(tmp_path)
    write_table(tmp_path / "rank" / "Tests" / "question.csv", [("1.png", "?"), ("0.png", "?")])
    return tmp_path


@pytest.fixture(scope="session")
def scan() -> Callable[..., Scanned]:
    """All records and thumbnails of some photos."""

    def scan_all(
        raw: Path, photos: pd.DataFrame, limits: PhotoParameters, known: Scanned = (NOTHING, NOTHING)
    ) -> Scanned:
        parts = list(scan_photos(photos, scan_folder(raw), *known, limits))
        if parts[0][0].start:  # all is as it was
            assert [part.start for part in parts[0]] == [len(array) for array in known]
            return known
        for side in zip(*parts, strict=True):
            assert [part.start for part in side] == [0, *np.cumsum([len(part.rows) for part in side[:-1]])]
            assert {part.num_rows for part in side} == {len(photos)}
        records, thumbnails = (np.concatenate([part.rows for part in side]) for side in zip(*parts, strict=True))
        return records, thumbnails

    return scan_all


@pytest.fixture(scope="session")
def ingest(limits: IngestParameters, scan: Callable[..., Scanned]) -> Callable[..., Ingested]:
    """From a raw folder to the manifest; half of the photos may be bad, and some may be missing."""

    def run(raw: Path, category: str = "skirt_length", **changes: object) -> Ingested:
        share = changes.pop("max_quarantine_share", limits.max_quarantine_share)
        labels = limits.labels.model_copy(update={"allow_missing": True, **changes})
        layout = read_layout(scan_folder(raw), category, labels)
        photos = PhotoList.validate(layout.photos)
        records, thumbnails = scan(raw, photos, limits.photos)
        duplicates = find_duplicates(photos, records, thumbnails, limits.duplicates.min_similarity)
        manifest, quarantine = make_manifest(photos, records, Duplicates.validate(duplicates), category, labels)
        check_losses(manifest, quarantine, share)
        return Ingested(
            photos,
            thumbnails,
            duplicates,
            Manifest.validate(manifest),
            Quarantine.validate(quarantine),
            layout.notes,
        )

    return run
