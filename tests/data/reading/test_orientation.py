import struct

import numpy as np
import photo_bytes as make
import pytest
from PIL import Image

from apparel_eye.data.reading.orientation import QUARTER_TURNS, orientation_of, upright

SCENE = make.scene()


@pytest.mark.fault(29)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_give_the_same_upright_pixels(orientation: int) -> None:
    stored = make.stored(SCENE, orientation)
    assert (stored.shape != SCENE.shape) == (orientation in QUARTER_TURNS)
    np.testing.assert_array_equal(np.asarray(upright(Image.fromarray(stored), orientation)), SCENE)


@pytest.mark.fault(29)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_are_read_in_both_byte_orders_as_pillow_writes_them(orientation: int, order: str) -> None:
    written = Image.Exif()
    written.endian = order
    written[0x0112] = orientation
    written[0x0110] = "a camera"
    assert orientation_of(written.tobytes()) == orientation
    assert orientation_of(make.exif(orientation, order)) == orientation


@pytest.mark.fault(30)
@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II",
        b"II*\0",
        make.exif(0),
        make.exif(9),
        make.exif(99),
        make.exif(6)[:18],
        b"XX" + make.exif(6)[2:],
        b"II*\0\xff\xff\xff\xff",
        make.exif(6).replace(b"\x12\x01\x03", b"\x12\x01\x07"),
    ],
)
def test_what_is_no_orientation_is_upright(exif: bytes) -> None:
    assert orientation_of(exif) == 1


@pytest.mark.fault(19)
def test_many_entries_and_loops_are_passed_by() -> None:
    looped = struct.pack("<HHII", 0x8769, 4, 1, 8)
    assert orientation_of(b"II*\0" + struct.pack("<IH", 8, 65_535) + 65_535 * looped) == 1
