import photo_bytes as make
import pytest

from apparel_eye.data.reading.jpeg import JPEG_SCAN, jpeg_segments
from apparel_eye.data.reading.verdicts import PhotoError

PHOTO = make.encode(make.scene(), "JPEG")
PROGRESSIVE = make.encode(make.scene(), "JPEG", progressive=True)


def why(data: bytes) -> str:
    with pytest.raises(PhotoError) as caught:
        list(jpeg_segments(data))
    return caught.value.reason


@pytest.mark.fault(6, 34)
@pytest.mark.parametrize(("data", "num_scans"), [(PHOTO, 1), (PROGRESSIVE, 10)], ids=["baseline", "progressive"])
def test_the_last_segment_is_the_first_end(data: bytes, num_scans: int) -> None:
    segments = list(jpeg_segments(data + PHOTO))
    assert segments[-1].end == len(data)
    assert sum(segment.kind == JPEG_SCAN for segment in segments) == num_scans


def test_header_segments_follow_each_other_without_gaps() -> None:
    header = [segment for segment in jpeg_segments(PHOTO) if segment.kind != 0xD9]
    assert [segment.start for segment in header] == [2, *(segment.end for segment in header[:-1])]


def test_an_end_inside_a_segment_is_none() -> None:
    thumbnail = make.segment(0xE1, b"Exif\0\0" + PHOTO)
    segments = list(jpeg_segments(make.with_segments(PHOTO, thumbnail)))
    assert segments[0].payload == b"Exif\0\0" + PHOTO
    assert segments[-1].end == len(PHOTO) + len(thumbnail)


@pytest.mark.fault(2, 4, 18)
def test_without_an_end_it_says_what_may_have_happened() -> None:
    assert why(PHOTO[:-2]) == "truncated"
    assert why(PHOTO[:-2] + bytes(16)) == "no end marker"
    assert why(PHOTO[:-2] + bytes(15)) == "truncated"
    assert why(PHOTO[:2] + b"\xff\xe1\xff\xff" + PHOTO[2:]) == "damaged"
    assert why(make.with_segments(PHOTO, 10_000 * make.segment(0xFE, b""))) == "metadata too large"


def test_what_no_pixel_needs_is_metadata() -> None:
    kinds = {0xE0: False, 0xE1: True, 0xE2: True, 0xED: True, 0xEE: False, 0xFE: True, 0xDB: False}
    for kind, is_metadata in kinds.items():
        assert next(jpeg_segments(make.with_segments(PHOTO, make.segment(kind, b"x")))).is_metadata == is_metadata
    profile = make.segment(0xE2, b"ICC_PROFILE\0\1\1")
    assert not next(jpeg_segments(make.with_segments(PHOTO, profile))).is_metadata
