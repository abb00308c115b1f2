import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apparel_eye.data.duplicates.thumbnails import SIDE, thumbnail
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.reading.photos import PhotoError
from apparel_eye.data.reading.verdicts import FIXES, REASONS
from apparel_eye.data.record import RECORD, Records, Thumbnails, hashes_of, scan_photo, texts
from apparel_eye.parameters import IngestParameters

Look = Callable[..., tuple[Records, Thumbnails]]


@pytest.fixture
def look_at(tmp_path: Path, limits: IngestParameters) -> Look:
    def looked(*keys: str, problems: dict[str, str] | None = None) -> tuple[Records, Thumbnails]:
        of_key = np.array([(problems or {}).get(key, "") for key in keys], dtype=object)
        identities = np.arange(100, 100 + len(keys), dtype=np.uint64)
        return scan_photo(RawFolder(tmp_path, ()), np.array(keys, dtype=object), of_key, identities, limits.photos)

    return looked


@pytest.fixture
def garment(tmp_path: Path) -> Path:
    """A photo 240 wide and 150 high, whose EXIF says to turn it by a quarter."""
    colors = np.random.default_rng(1).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Image.fromarray(colors).resize((240, 150), Image.Resampling.BICUBIC)
    photo.save(tmp_path / "garment.png", exif=exif)
    return tmp_path / "garment.png"


def test_a_photo_is_described_by_its_upright_size_checksum_fixes_and_thumbnail(look_at: Look, garment: Path) -> None:
    records, thumbnails = look_at("garment.png")
    with Image.open(garment) as image:
        upright = image.convert("RGB").transpose(Image.Transpose.ROTATE_270)
    np.testing.assert_array_equal(thumbnails, thumbnail(upright)[None])
    checksum = hashlib.sha256(garment.read_bytes()).hexdigest().encode()
    assert records.dtype == RECORD
    assert records.tolist() == [(100, hashes_of(thumbnails)[0], checksum, 150, 240, b"", b"", b"orientation")]


def test_a_file_that_must_not_be_read_carries_its_problem_and_nothing_else(look_at: Look, garment: Path) -> None:
    records, thumbnails = look_at("garment.png", problems={"garment.png": "outside root"})
    blank = hashes_of(np.zeros((1, SIDE, SIDE), np.uint8))[0]
    assert records.tolist() == [(100, blank, b"", 0, 0, b"outside root", b"", b"")]
    assert not thumbnails.any()


@pytest.mark.fault(1, 7)
def test_a_file_that_is_no_photo_keeps_its_checksum_and_says_why(look_at: Look, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "page.jpg").write_bytes(b"<html>404</html>")
    records, thumbnails = look_at("empty.jpg", "page.jpg")
    assert texts(records, "reason") == ["empty", "not an image"]
    assert texts(records, "sha256") == [hashlib.sha256(data).hexdigest() for data in (b"", b"<html>404</html>")]
    assert [word in text for word, text in zip(("no bytes", "HTML"), texts(records, "message"), strict=True)] == [
        True
    ] * 2
    assert not thumbnails.any()


@pytest.mark.parametrize(
    ("error", "reason"),
    [(PermissionError(13, "Permission denied"), "permission"), (OSError(5, "Input/output error"), "unreadable file")],
)
def test_a_file_that_the_system_does_not_give_is_told_from_a_damaged_one(
    look_at: Look, garment: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str
) -> None:
    def refuse(folder: RawFolder, key: str) -> bytes:
        raise error

    monkeypatch.setattr(RawFolder, "read", refuse)
    records, _ = look_at("garment.png")
    assert texts(records, "reason") == [reason]
    assert texts(records, "message") == [os.strerror(error.errno)]
    assert texts(records, "sha256") == [""]


def test_photos_are_looked_at_each_by_itself(look_at: Look, tmp_path: Path, write_photo: Callable[..., Path]) -> None:
    for number in range(4):
        write_photo(tmp_path / f"{number}.png", number, (30 + number, 50))
    (tmp_path / "2.png").write_bytes(b"")
    together = look_at(*(f"{number}.png" for number in range(4)))
    for number in range(4):
        alone, pixels = look_at(f"{number}.png")
        alone["identity"] = 100 + number
        assert alone[0] == together[0][number]
        np.testing.assert_array_equal(pixels[0], together[1][number])
    assert together[0]["width"].tolist() == [30, 31, 0, 33]


@pytest.mark.parametrize("width", range(236, 241))
def test_a_long_message_is_cut_and_still_a_text(
    look_at: Look, garment: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut in the middle of a letter must not hide the photo behind a UnicodeDecodeError."""

    def refuse(*_: object, **__: object) -> None:
        raise PhotoError("damaged", "x" * width + "é" * 100)

    monkeypatch.setattr("apparel_eye.data.record.read_photo", refuse)
    [message] = texts(look_at("garment.png")[0], "message")
    assert message.startswith("x" * width)
    assert len(message.encode()) <= RECORD["message"].itemsize + 2


def test_every_reason_has_room() -> None:
    room = RECORD["reason"].itemsize
    assert [reason for reason in REASONS if len(reason.encode()) > room] == []


def test_all_fixes_that_can_meet_in_a_photo_have_room() -> None:
    cannot_meet = {"16 bit", "color profile", "one color", "float"}
    assert len(", ".join(fix for fix in FIXES if fix not in cannot_meet)) <= RECORD["fixes"].itemsize


def test_the_number_of_a_thumbnail_changes_with_each_of_its_pixels() -> None:
    thumbnails = np.zeros((SIDE * SIDE + 1, SIDE * SIDE), np.uint8)
    np.fill_diagonal(thumbnails, 1)
    assert len(np.unique(hashes_of(thumbnails.reshape(-1, SIDE, SIDE)))) == SIDE * SIDE + 1
