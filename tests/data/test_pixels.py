import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apparel_eye.data import pixels
from apparel_eye.data.raw_folder import RawFolder, scan_folder
from apparel_eye.data.reading.photos import resize_photo
from apparel_eye.errors import DataError
from apparel_eye.parameters import PhotoParameters

NUM_PHOTOS = 10


@pytest.fixture
def photos() -> list[Image.Image]:
    generator = np.random.default_rng(0)
    return [Image.fromarray(generator.integers(0, 256, (40, 24, 3), dtype=np.uint8)) for _ in range(NUM_PHOTOS)]


@pytest.fixture
def folder(tmp_path: Path, photos: list[Image.Image], encode: Callable[..., bytes]) -> RawFolder:
    for number, photo in enumerate(photos):
        (tmp_path / f"{number}.png").write_bytes(encode(photo))
    return scan_folder(tmp_path)


@pytest.fixture
def checksums(folder: RawFolder) -> list[str]:
    return [hashlib.sha256(folder.read(file.key)).hexdigest() for file in folder.files]


def keys_of(folder: RawFolder) -> list[str]:
    return [file.key for file in folder.files]


@pytest.mark.parametrize("mode", ["squash", "pad"])
def test_photos_are_resized_each_by_itself_and_come_part_after_part_in_order(
    folder: RawFolder,
    photos: list[Image.Image],
    checksums: list[str],
    photo_limits: PhotoParameters,
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pixels, "_CHUNK", 4)
    parts = list(pixels.decode(folder, keys_of(folder), checksums, (32, 16), mode, photo_limits))
    assert [(part.start, part.stop, part.num_rows) for part in parts] == [(0, 4, 10), (4, 8, 10), (8, 10, 10)]
    by_hand = np.stack([resize_photo(photo, (32, 16), mode) for photo in photos])
    np.testing.assert_array_equal(np.concatenate([part.rows for part in parts]), by_hand)


def test_the_order_is_that_of_the_keys(
    folder: RawFolder, photos: list[Image.Image], checksums: list[str], photo_limits: PhotoParameters
) -> None:
    (part,) = pixels.decode(folder, keys_of(folder)[::-1], checksums[::-1], (40, 24), "squash", photo_limits)
    np.testing.assert_array_equal(part.rows, np.stack([np.asarray(photo) for photo in photos[::-1]]))


@pytest.mark.fault(36)
def test_a_photo_that_has_changed_since_it_was_scanned_stops_the_run(
    folder: RawFolder, checksums: list[str], photo_limits: PhotoParameters
) -> None:
    (folder.root / "3.png").write_bytes((folder.root / "4.png").read_bytes())
    with pytest.raises(DataError, match=r"3\.png has changed since it was scanned"):
        list(pixels.decode(folder, keys_of(folder), checksums, (32, 16), "squash", photo_limits))


@pytest.mark.fault(36)
def test_a_photo_that_is_gone_stops_the_run(
    folder: RawFolder, checksums: list[str], photo_limits: PhotoParameters
) -> None:
    (folder.root / "3.png").unlink()
    with pytest.raises(DataError, match=r"3\.png can no longer be read"):
        list(pixels.decode(folder, keys_of(folder), checksums, (32, 16), "squash", photo_limits))
