"""What a file is by its first bytes, before any parser sees it; names and extensions are not believed."""

from collections.abc import Sequence

from apparel_eye.data.reading.verdicts import PhotoError

_NUM_HEAD = 1024
"""Bytes in which a web page, a drawing or a text shows what it is."""

_IMAGES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "BigTIFF",
    b"MM\0+": "BigTIFF",
    b"8BPS": "PSD",
    b"%!PS": "EPS",
    b"\xc5\xd0\xd3\xc6": "EPS",
    b"\0\0\1\0": "ICO",
    b"\0\0\2\0": "CUR",
    b"icns": "ICNS",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"SIMPLE  =": "FITS",
    b"\x0a\x05\x01\x08": "PCX",
    b"\x01\xda": "SGI",
    b"DDS ": "DDS",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"gimp xcf": "XCF",
    b"qoif": "QOI",
    b"FUJIFILMCCD-RAW": "camera raw",
    **{f"P{number}{space}".encode(): "PPM" for number in range(1, 8) for space in "\n\r\t "},
}
_BRANDS = {  # of the ISO base media format, bytes 8 to 12
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    b"crx ": "camera raw",
}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
"""Lengths; the signature alone, BM, could begin a text."""

_WEB = "(download error page?); download the photo again"
_OTHERS = {
    b"version https://git-lfs": "a Git LFS pointer; run `git lfs pull`",
    b"%pdf": "a PDF; export its pictures as JPEG",
    b"pk\3\4": "a ZIP archive; unpack it",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"rar!": "a RAR archive; unpack it",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it",
    b"<!doctype html": f"HTML {_WEB}",
    b"<html": f"HTML {_WEB}",
    b"<svg": "an SVG drawing; export it as PNG",
    b"{": f"JSON {_WEB}",
    b"[": f"JSON {_WEB}",
}


def recognize(data: bytes, allowed: Sequence[str]) -> str:
    """Name of the format, one of those allowed.

    Raises:
        PhotoError: it is an image of another format, or no image.
    """
    name = _image_format(data)
    if not name:
        raise PhotoError("not an image", _other_content(data[:_NUM_HEAD]))
    if name not in allowed:
        raise PhotoError("format not allowed", f"{name} is not one of {', '.join(allowed)}; convert it to JPEG")
    return name


def _image_format(data: bytes) -> str:
    for signature, name in _IMAGES.items():
        if data.startswith(signature):
            return name
    if data[4:8] == b"ftyp":
        return "AVIF" if data[8:12] in {b"mif1", b"msf1"} and b"avif" in data[16:64] else _BRANDS.get(data[8:12], "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return "FLI" if data[4:6] in {b"\x11\xaf", b"\x12\xaf"} else ""


def _other_content(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for signature, content in _OTHERS.items():
        if text.startswith(signature):
            return content
    if text.startswith((b"<?xml", b"<!")):
        inner = next((tag for tag in (b"<svg", b"<html") if tag in text), None)
        return _OTHERS[inner] if inner else f"XML {_WEB}"
    if head[4:8] == b"ftyp":
        return "a video; export a frame as JPEG"
    if not head.strip(b"\0"):
        return "only zeros (interrupted copy?); copy it again"
    if not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        return "a text; put a photo in its place or remove it"
    return "bytes of no known format; put a photo in its place or remove it"
