import photo_bytes as make
import pytest

from apparel_eye.data.reading.signatures import recognize
from apparel_eye.data.reading.verdicts import PhotoError

ALL_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")


@pytest.mark.fault(10, 12)
@pytest.mark.parametrize("kind", ALL_FORMATS)
def test_formats_are_told_by_content_and_need_permission(kind: str) -> None:
    data = make.encode(make.scene(), kind)
    assert recognize(data, ALL_FORMATS) == kind
    others = [other for other in ALL_FORMATS if other != kind]
    with pytest.raises(PhotoError, match=f"{kind} is not one of {', '.join(others)}; convert it"):
        recognize(data, others)


@pytest.mark.fault(11, 12, 33)
@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0", "EPS"),
        (b"\xc5\xd0\xd3\xc6", "EPS"),
        (b"8BPS\0\1", "PSD"),
        (b"\0\0\1\0\1\0", "ICO"),
        (b"SIMPLE  =", "FITS"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypcrx ", "camera raw"),
        (b"P6\n16 16\n255\n", "PPM"),
    ],
)
def test_images_that_no_parser_may_see_are_named(head: bytes, name: str) -> None:
    with pytest.raises(PhotoError, match=f"{name} is not one of .*; convert it to JPEG") as caught:
        recognize(head + bytes(100), ALL_FORMATS)
    assert caught.value.reason == "format not allowed"


@pytest.mark.fault(7, 8, 9)
@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b" \r\n<!DOCTYPE HTML>", "HTML (download error page?)"),
        (b"\xef\xbb\xbf<html>", "HTML (download error page?)"),
        (b"<?xml version='1.0'?><html>", "HTML (download error page?)"),
        (b"<?xml version='1.0'?><Error/>", "XML (download error page?)"),
        (b"<?xml version='1.0'?><svg/>", "an SVG drawing"),
        (b"<svg/>", "an SVG drawing"),
        (b'{"error": "expired"}', "JSON (download error page?)"),
        (b"version https://git-lfs.github.com/spec/v1", "run `git lfs pull`"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\3\4\0", "a ZIP archive"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (bytes(100), "only zeros"),
        ("Größe 42\n".encode(), "a text"),
        (b"BMW, a text", "a text"),
        (b"\x07\x00\x99", "no known format"),
    ],
)
def test_what_is_often_in_the_place_of_photos_is_named(data: bytes, content: str) -> None:
    with pytest.raises(PhotoError) as caught:
        recognize(data, ALL_FORMATS)
    assert caught.value.reason == "not an image"
    assert content in str(caught.value)
