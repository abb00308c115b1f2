import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from apparel_eye.errors import DataError

WritePhoto = Callable[..., Path]
Ingest = Callable[..., Any]
Label = Callable[..., None]
FOLDER = "Images/skirt_length_labels"
SHORT, KNEE = "nynnnn", "nnynnn"


def test_good_photos_are_in_the_manifest_with_their_size_and_checksum(raw: Path, ingest: Ingest) -> None:
    result = ingest(raw)
    manifest = result.manifest
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
    assert result.quarantine.empty
    assert result.duplicates.empty


@pytest.mark.fault(61)
def test_copies_with_different_values_are_all_left_out(
    raw: Path, ingest: Ingest, label: Label, write_photo: WritePhoto
) -> None:
    write_photo(raw / "base" / FOLDER / "twin.png", 0, (40, 60))
    label(raw, ("twin.png", KNEE))
    result = ingest(raw)
    assert result.quarantine[["image_key", "value", "reason"]].to_numpy().tolist() == [
        [f"base/{FOLDER}/0.png", "Short Length", "conflicting labels"],
        [f"base/{FOLDER}/twin.png", "Knee Length", "conflicting labels"],
    ]
    assert "Short Length, Knee Length" in result.quarantine["message"].iloc[0]
    assert len(result.manifest) == 9


@pytest.mark.fault(61)
def test_copies_with_different_values_can_stop_the_run(
    raw: Path, ingest: Ingest, label: Label, write_photo: WritePhoto
) -> None:
    write_photo(raw / "base" / FOLDER / "twin.png", 0, (40, 60))
    label(raw, ("twin.png", KNEE))
    with pytest.raises(DataError, match=r"2 labelled photos .*0.png \(Short Length\) and .*twin.png \(Knee Length\)"):
        ingest(raw, conflicts="stop")


@pytest.mark.fault(42, 60)
@pytest.mark.parametrize("place", ["base", "rank"], ids=["with the same label", "to predict"])
def test_equal_bytes_without_a_conflict_stay_and_share_their_group(
    raw: Path, ingest: Ingest, label: Label, place: str
) -> None:
    copy = raw / place / FOLDER / "1.png"
    copy.unlink()
    copy.hardlink_to(raw / "base" / FOLDER / "0.png")
    result = ingest(raw)
    groups = result.manifest.set_index("image_key")["group"]
    assert groups[f"{place}/{FOLDER}/1.png"] == groups[f"base/{FOLDER}/0.png"]
    assert groups.nunique() == len(result.manifest) - 1 == 9
    assert result.duplicates["kind"].tolist() == ["identical"]
    assert result.quarantine.empty


@pytest.mark.fault(63)
def test_a_mirrored_and_recompressed_copy_shares_its_group(raw: Path, ingest: Ingest, label: Label) -> None:
    garment = Image.fromarray(np.random.default_rng(1).integers(0, 255, (9, 6, 3), dtype=np.uint8)).resize((240, 360))
    garment.save(raw / "base" / FOLDER / "garment.jpg", quality=95)
    ImageOps.mirror(garment).save(raw / "base" / FOLDER / "copy.jpg", quality=60)
    label(raw, ("garment.jpg", SHORT), ("copy.jpg", SHORT))
    result = ingest(raw)
    assert result.duplicates[["kind", "orientation"]].to_numpy().tolist() == [["near", "mirrored"]]
    groups = result.manifest.set_index("image_key")["group"]
    assert groups[f"base/{FOLDER}/garment.jpg"] == groups[f"base/{FOLDER}/copy.jpg"]
    assert groups.nunique() == 11


@pytest.mark.fault(64)
def test_photos_of_a_product_share_their_group_by_pattern_and_by_table(raw: Path, ingest: Ingest) -> None:
    by_pattern = ingest(raw, group_pattern=r"/([01])\.png").manifest.set_index("image_key")["group"]
    assert by_pattern[f"base/{FOLDER}/0.png"] == by_pattern[f"rank/{FOLDER}/0.png"]
    assert by_pattern.nunique() == 8
    (raw / "groups.csv").write_text("".join(f"base/{FOLDER}/{number}.png,person\n" for number in (2, 3, 5)))
    by_table = ingest(raw).manifest.set_index("image_key")["group"]
    assert by_table[[f"base/{FOLDER}/{number}.png" for number in (2, 3, 5)]].nunique() == 1
    assert by_table.nunique() == 8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>404</html>", "not an image"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not an image"),
        ("half", "truncated"),
        ("tiny", "too small"),
        (None, "missing"),
    ],
)
def test_a_bad_photo_is_quarantined_with_its_reason(
    raw: Path, ingest: Ingest, write_photo: WritePhoto, content: bytes | str | None, reason: str
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
    result = ingest(raw)
    assert result.quarantine[["image_key", "value", "role", "reason"]].to_numpy().tolist() == [
        [f"base/{FOLDER}/2.png", "Short Length", "labelled", reason]
    ]
    assert len(result.manifest) == 9
    assert f"base/{FOLDER}/2.png" not in set(result.manifest["image_key"])


def test_more_bad_photos_than_allowed_stop_with_numbers_reasons_and_an_example(raw: Path, ingest: Ingest) -> None:
    for number in (2, 3):
        (raw / "base" / FOLDER / f"{number}.png").write_bytes(b"")
    with pytest.raises(DataError, match=rf"2 of 10 photos cannot be used \(2 empty\), for example base/{FOLDER}/2.png"):
        ingest(raw, max_quarantine_share=0.19)
    assert len(ingest(raw, max_quarantine_share=0.2).manifest) == 8


@pytest.mark.fault(68)
def test_a_value_that_loses_all_of_its_photos_stops_the_run(raw: Path, ingest: Ingest) -> None:
    for number in range(4):
        (raw / "base" / FOLDER / f"{number}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no photo of 'Short Length' can be used \(4 empty\)"):
        ingest(raw, max_quarantine_share=1.0)


@pytest.mark.fault(62)
def test_the_same_file_on_both_given_sides_stops_the_run(
    tmp_path: Path, ingest: Ingest, write_photo: WritePhoto
) -> None:
    for side, seeds in (("train", (1, 2, 3)), ("test", (4, 3))):
        for seed in seeds:
            write_photo(tmp_path / side / "hats" / ("wide" if seed % 2 else "narrow") / f"{side}{seed}.png", seed)
    with pytest.raises(DataError, match=r"1 photos stand on both sides of the given split.*train3.png and .*test3.png"):
        ingest(tmp_path, category="hats")


def test_photos_of_a_given_test_keep_their_labels_but_are_not_learned_from(
    tmp_path: Path, ingest: Ingest, write_photo: WritePhoto
) -> None:
    for side, seeds in (("train", (1, 2)), ("test", (3, 4))):
        for seed in seeds:
            write_photo(tmp_path / side / "hats" / ("wide" if seed % 2 else "narrow") / f"{seed}.png", seed)
    manifest = ingest(tmp_path, category="hats").manifest
    assert manifest[["split", "role", "label_string"]].to_numpy().tolist() == [
        ["test", "to predict", "yn"],
        ["test", "to predict", "ny"],
        ["train", "labelled", "yn"],
        ["train", "labelled", "ny"],
    ]


def test_where_too_many_bad_photos_stop_the_run_all_of_them_can_be_looked_up(
    raw: Path, kedro_run: Callable[..., tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    for number in (2, 3, 6):
        (raw / "base" / FOLDER / f"{number}.png").write_bytes(b"{}")
    data = tmp_path_factory.mktemp("data")
    exit_code, said = kedro_run("--pipeline=ingest", raw=raw, category="skirt_length", data=data)
    assert exit_code == 3
    assert "3 of 10 photos cannot be used (3 not an image)" in said
    left_out = pd.read_csv(data / "03_primary" / "skirt_length" / "quarantine.csv")
    assert left_out["image_key"].tolist() == [f"base/{FOLDER}/{number}.png" for number in (2, 3, 6)]
    assert left_out["sha256"].tolist() == [hashlib.sha256(b"{}").hexdigest()] * 3
