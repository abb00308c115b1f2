import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from apparel_eye.data.record import texts
from apparel_eye.parameters import PhotoParameters

Scan = Callable[..., tuple[np.ndarray, np.ndarray]]
WritePhoto = Callable[..., Path]


def listed(raw: Path, problems: dict[str, str] | None = None) -> pd.DataFrame:
    files = sorted(path for path in raw.rglob("*") if path.is_file())
    return pd.DataFrame(
        [
            {
                "image_key": str(path.relative_to(raw)),
                "size": path.stat().st_size,
                "modified": path.stat().st_mtime_ns,
                "problem": (problems or {}).get(path.name, ""),
            }
            for path in files
        ]
    )


@pytest.fixture
def photos(tmp_path: Path, write_photo: WritePhoto) -> Path:
    """Seventy photos: more than a process gets at a time."""
    for number in range(70):
        write_photo(tmp_path / f"{number:02}.png", number, (30 + number, 90))
    return tmp_path


@pytest.fixture
def limits(limits: Any) -> PhotoParameters:
    return limits.photos


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the files that were read."""
    from apparel_eye.data.raw_folder import RawFolder

    keys: list[str] = []
    read = RawFolder.read
    monkeypatch.setattr(RawFolder, "read", lambda folder, key: (keys.append(key), read(folder, key))[1])
    return keys


def test_records_stand_in_the_order_of_the_photos(photos: Path, scan: Scan, limits: PhotoParameters) -> None:
    table = listed(photos).sample(frac=1, random_state=1)
    records, thumbnails = scan(photos, table, limits)
    assert records["width"].tolist() == [30 + int(key[:2]) for key in table["image_key"]]
    assert texts(records, "sha256") == [
        hashlib.sha256((photos / key).read_bytes()).hexdigest() for key in table["image_key"]
    ]
    assert texts(records, "reason") == [""] * 70
    assert len(np.unique(thumbnails, axis=0)) == 70


def test_what_has_not_changed_is_not_read_again(
    photos: Path, scan: Scan, limits: PhotoParameters, opened: list[str], write_photo: WritePhoto
) -> None:
    before = scan(photos, listed(photos), limits)
    opened.clear()
    again = scan(photos, listed(photos), limits, before)
    assert opened == []
    np.testing.assert_array_equal(again[0], before[0])
    np.testing.assert_array_equal(again[1], before[1])
    write_photo(photos / "30.png", 1000, (33, 90))
    (photos / "10.png").unlink()
    write_photo(photos / "new.png", 1001)
    os.utime(photos / "20.png", ns=(1, 1))
    records, thumbnails = scan(photos, listed(photos), limits, before)
    assert sorted(opened) == ["20.png", "30.png", "new.png"]
    from_nothing = scan(photos, listed(photos), limits)
    np.testing.assert_array_equal(records, from_nothing[0])
    np.testing.assert_array_equal(thumbnails, from_nothing[1])


def test_other_limits_read_everything_again(
    photos: Path, scan: Scan, limits: PhotoParameters, opened: list[str]
) -> None:
    before = scan(photos, listed(photos), limits)
    opened.clear()
    records, _ = scan(photos, listed(photos), limits.model_copy(update={"min_side": 50}), before)
    assert len(opened) == 70
    assert texts(records, "reason") == ["too small"] * 20 + [""] * 50


def test_thumbnails_of_another_scan_are_not_believed(
    photos: Path, scan: Scan, limits: PhotoParameters, opened: list[str]
) -> None:
    """A run was killed after it had written the one file and before the other."""
    records, thumbnails = scan(photos, listed(photos), limits)
    opened.clear()
    mixed = scan(photos, listed(photos), limits, (records, np.roll(thumbnails, 1, axis=0)))
    np.testing.assert_array_equal(mixed[1], thumbnails)
    assert len(opened) == 70
    opened.clear()
    shorter = scan(photos, listed(photos), limits, (records, thumbnails[:50]))
    np.testing.assert_array_equal(shorter[1], thumbnails)
    assert len(opened) == 20


def test_records_of_another_version_are_not_believed(photos: Path, scan: Scan, limits: PhotoParameters) -> None:
    records, thumbnails = scan(photos, listed(photos), limits)
    foreign = np.zeros(70, np.dtype([("identity", "u8")]))
    foreign["identity"] = records["identity"]
    np.testing.assert_array_equal(scan(photos, listed(photos), limits, (foreign, thumbnails))[0], records)


def test_a_file_that_must_not_be_read_is_not_opened(
    photos: Path, scan: Scan, limits: PhotoParameters, opened: list[str]
) -> None:
    records, _ = scan(photos, listed(photos, {"07.png": "outside root"}), limits)
    assert "07.png" not in opened
    assert texts(records, "reason")[7] == "outside root"
    assert records["sha256"][7] == b""


def test_several_processes_give_the_same_as_one(
    tmp_path: Path, scan: Scan, limits: PhotoParameters, write_photo: WritePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        write_photo(tmp_path / f"{number:03}.png", number, (20 + number % 7, 24))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    alone = scan(tmp_path, listed(tmp_path), limits)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    together = scan(tmp_path, listed(tmp_path), limits)
    np.testing.assert_array_equal(together[0], alone[0])
    np.testing.assert_array_equal(together[1], alone[1])


def test_no_photos_make_an_empty_scan(tmp_path: Path, scan: Scan, limits: PhotoParameters) -> None:
    table = pd.DataFrame({"image_key": [], "size": [], "modified": [], "problem": []})
    (tmp_path / "notes.txt").write_text("nothing here")
    records, thumbnails = scan(tmp_path, table, limits)
    assert (len(records), len(thumbnails)) == (0, 0)
