import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from apparel_eye.errors import DataError
from apparel_eye.ingestion import check_photos
from apparel_eye.layouts import read_layout
from apparel_eye.parameters import IngestParameters
from apparel_eye.raw_folder import RawFolder, list_files
from apparel_eye.schemas import Manifest, Quarantine

WritePhoto = Callable[..., Path]
FOLDER = "Images/skirt_length_labels"
SHORT, KNEE = "nynnnn", "nnynnn"


def write_table(path: Path, labels: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{FOLDER}/{name},skirt_length_labels,{label}\n" for name, label in labels))


@pytest.fixture
def raw(tmp_path: Path, write_photo: WritePhoto) -> Path:
    """Eight labelled photos, four of each value, and two to predict, all different."""
    for number in range(8):
        write_photo(tmp_path / "base" / FOLDER / f"{number}.png", number, (40 + number, 60))
    for number in (1, 0):
        write_photo(tmp_path / "rank" / FOLDER / f"{number}.png", 100 + number)
    label(tmp_path)
    write_table(tmp_path / "rank" / "Tests" / "question.csv", [("1.png", "?"), ("0.png", "?")])
    return tmp_path


def label(raw: Path, *more: tuple[str, str]) -> None:
    labels = [(f"{number}.png", SHORT if number < 4 else KNEE) for number in range(8)]
    write_table(raw / "base" / "Annotations" / "label.csv", [*labels, *more])


def ingest(raw: Path, limits: IngestParameters) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = RawFolder(raw, list_files(raw))
    photos, _ = read_layout(folder, "skirt_length")
    manifest, quarantine = check_photos(photos, folder, "skirt_length", limits)
    return Manifest.validate(manifest), Quarantine.validate(quarantine)


def test_good_photos_are_in_the_manifest_with_their_size_and_checksum(raw: Path, limits: IngestParameters) -> None:
    manifest, quarantine = ingest(raw, limits)
    assert manifest["image_key"].tolist() == [
        *[f"base/{FOLDER}/{number}.png" for number in range(8)],
        *[f"rank/{FOLDER}/{number}.png" for number in range(2)],
    ]
    assert manifest["role"].tolist() == ["labelled"] * 8 + ["to predict"] * 2
    assert manifest["width"].tolist() == [*range(40, 48), 40, 40]
    assert set(manifest["height"]) == {60}
    assert manifest["sha256"].tolist() == [
        hashlib.sha256((raw / key).read_bytes()).hexdigest() for key in manifest["image_key"]
    ]
    assert manifest["group"].nunique() == 10
    assert quarantine.empty


def test_a_photo_with_two_labels_is_refused_by_name(raw: Path, limits: IngestParameters) -> None:
    label(raw, ("0.png", KNEE))
    with pytest.raises(DataError, match=f"1 photos have two different labels, for example base/{FOLDER}/0.png"):
        ingest(raw, limits)


def test_a_photo_listed_twice_with_one_label_counts_once(raw: Path, limits: IngestParameters) -> None:
    label(raw, ("0.png", SHORT))
    assert len(ingest(raw, limits)[0]) == 10


def test_equal_bytes_with_different_labels_are_all_left_out(
    raw: Path, limits: IngestParameters, write_photo: WritePhoto
) -> None:
    write_photo(raw / "base" / FOLDER / "twin.png", 0, (40, 60))
    label(raw, ("twin.png", KNEE))
    manifest, quarantine = ingest(raw, limits)
    assert quarantine[["image_key", "value", "reason"]].to_numpy().tolist() == [
        [f"base/{FOLDER}/0.png", "Short Length", "conflicting labels"],
        [f"base/{FOLDER}/twin.png", "Knee Length", "conflicting labels"],
    ]
    assert len(manifest) == 9


@pytest.mark.parametrize("place", ["base", "rank"], ids=["with the same label", "to predict"])
def test_equal_bytes_without_a_conflict_stay_and_share_their_group(
    raw: Path, limits: IngestParameters, write_photo: WritePhoto, place: str
) -> None:
    write_photo(raw / place / FOLDER / "1.png", 0, (40, 60))
    manifest, quarantine = ingest(raw, limits)
    groups = manifest.set_index("image_key")["group"]
    assert groups[f"{place}/{FOLDER}/1.png"] == groups[f"base/{FOLDER}/0.png"]
    assert groups.nunique() == len(manifest) - 1 == 9
    assert quarantine.empty


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>404</html>", "not an image"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not an image"),
        ("half", "truncated"),
        ("tiny", "too small"),
        (None, "unreadable file"),
    ],
)
def test_a_bad_photo_is_quarantined_with_its_reason(
    raw: Path, limits: IngestParameters, write_photo: WritePhoto, content: bytes | str | None, reason: str
) -> None:
    path = raw / "base" / FOLDER / "2.png"
    if content is None:
        path.unlink()
    elif content == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif content == "tiny":
        write_photo(path, 2, (8, 60))
    else:
        assert isinstance(content, bytes)
        path.write_bytes(content)
    manifest, quarantine = ingest(raw, limits)
    assert quarantine[["image_key", "value", "role", "reason"]].to_numpy().tolist() == [
        [f"base/{FOLDER}/2.png", "Short Length", "labelled", reason]
    ]
    assert set(quarantine["message"]) != {""}
    assert len(manifest) == 9
    assert f"base/{FOLDER}/2.png" not in set(manifest["image_key"])


def test_more_bad_photos_than_allowed_stop_with_numbers_reasons_and_an_example(
    raw: Path, limits: IngestParameters
) -> None:
    for number in (2, 3):
        (raw / "base" / FOLDER / f"{number}.png").write_bytes(b"")
    strict = limits.model_copy(update={"max_quarantine_share": 0.19})
    with pytest.raises(DataError, match=rf"2 of 10 photos cannot be used \(2 empty\), for example base/{FOLDER}/2.png"):
        ingest(raw, strict)
    allowing = limits.model_copy(update={"max_quarantine_share": 0.2})
    assert len(ingest(raw, allowing)[0]) == 8


def test_at_least_one_labelled_photo_must_be_left(raw: Path, limits: IngestParameters) -> None:
    for photo in (raw / "base" / FOLDER).iterdir():
        photo.write_bytes(b"")
    with pytest.raises(DataError, match="no labelled photo"):
        ingest(raw, limits.model_copy(update={"max_quarantine_share": 1.0}))


def test_domains_are_taken_from_their_file_where_there_is_one(raw: Path, limits: IngestParameters) -> None:
    assert set(ingest(raw, limits)[0]["domain"]) == {""}
    (raw / "domain.csv").write_text(f"base/{FOLDER}/0.png,worn\nrank/{FOLDER}/1.png,flat\n")
    domains = ingest(raw, limits)[0].set_index("image_key")["domain"]
    assert domains[domains != ""].to_dict() == {f"base/{FOLDER}/0.png": "worn", f"rank/{FOLDER}/1.png": "flat"}
