import numpy as np
import photo_bytes as make
import pytest

from apparel_eye.data.reading.containers import scan_container
from apparel_eye.data.reading.verdicts import PhotoError
from apparel_eye.parameters import PhotoParameters

NAMES = ("JPEG", "PNG", "WEBP")
SCENE = make.scene(100, 80)
LIMITS = PhotoParameters(
    formats=NAMES, max_bytes=10**6, max_pixels=10_000, min_side=16, max_side_ratio=20, ground="white"
)


def why(data: bytes, name: str) -> str:
    with pytest.raises(PhotoError) as caught:
        scan_container(data, name, LIMITS)
    return caught.value.reason


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_file_reaches_its_parser_as_it_is(name: str) -> None:
    data = make.encode(SCENE, name)
    container = scan_container(data, name, LIMITS)
    assert (container.data, container.exif, container.fixes) == (data, b"", ())


@pytest.mark.fault(6)
@pytest.mark.parametrize("name", NAMES)
def test_what_stands_behind_the_end_does_not_reach_the_parser(name: str) -> None:
    data = make.encode(SCENE, name)
    assert scan_container(data + b"PK\3\4", name, LIMITS).data == data
    assert scan_container(data + b"PK\3\4", name, LIMITS).fixes == ("trailing data",)
    assert scan_container(data + b"\0\0\r\n ", name, LIMITS).fixes == ()


@pytest.mark.fault(19)
def test_metadata_of_a_jpeg_do_not_reach_its_parser() -> None:
    data = make.encode(SCENE, "JPEG")
    exif = b"Exif\0\0" + make.exif(6)
    for others in ([make.segment(0xFE, b"comment")], [make.segment(0xE1, b"XMP"), make.segment(0xED, b"Photoshop")]):
        odd = make.with_segments(data, make.segment(0xE1, exif), *others)
        assert scan_container(odd, "JPEG", LIMITS).data == data
        assert scan_container(odd, "JPEG", LIMITS).exif == exif


@pytest.mark.fault(31)
def test_a_jpeg_that_tells_of_others_behind_it_is_the_first_of_them() -> None:
    several = make.with_segments(make.encode(SCENE, "JPEG"), make.segment(0xE2, b"MPF\0")) + b"\xff\xd8\xff"
    assert scan_container(several, "JPEG", LIMITS).fixes == ("first frame",)


@pytest.mark.fault(13, 15)
@pytest.mark.parametrize(
    "options", [{}, {"lossless": True}, {"exif": make.exif(6)}], ids=["lossy", "lossless", "extended"]
)
def test_the_size_of_a_webp_is_read_from_all_three_headers(options: dict[str, object]) -> None:
    assert scan_container(make.encode(make.scene(100, 100), "WEBP", **options), "WEBP", LIMITS).fixes == ()
    assert why(make.encode(make.scene(101, 100), "WEBP", **options), "WEBP") == "too large"


@pytest.mark.fault(15)
def test_a_jpeg_needs_a_bit_for_each_block_that_its_header_promises() -> None:
    data = make.with_frame(make.encode(np.zeros((16, 16, 3), np.uint8), "JPEG"), side=4_000)
    large = LIMITS.model_copy(update={"max_pixels": 10**8})
    with pytest.raises(PhotoError, match=r"header is wrong: \d+ bytes for a picture that needs 31251 or more"):
        scan_container(data, "JPEG", large)
    flat = make.encode(np.zeros((4_000, 4_000, 3), np.uint8), "JPEG", optimize=True, progressive=True, quality=1)
    assert scan_container(flat, "JPEG", large).fixes == ()


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    data = make.encode(SCENE, "JPEG", progressive=True)
    scan = make.segment(0xDA, b"\1\1\0\0\0\0") + b"\0"
    assert scan_container(data[:-2] + 80 * scan + data[-2:], "JPEG", LIMITS).fixes == ()
    assert why(data[:-2] + 100 * scan + data[-2:], "JPEG") == "damaged"


@pytest.mark.fault(20)
def test_a_png_begins_with_its_header_and_has_it_once() -> None:
    data = make.encode(SCENE)
    assert why(data[:8] + make.chunk(b"tEXt", b"a\0b") + data[8:], "PNG") == "damaged"
    assert why(make.with_chunk(data, b"IHDR", data[16:29]), "PNG") == "damaged"
    assert why(data[:8] + make.chunk(b"IHDR", b"") + data[33:], "PNG") == "damaged"
