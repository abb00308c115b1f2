"""Looking through a file of a known format before its parser: is it whole, and is its picture within the limits."""

import zlib
from dataclasses import dataclass

from apparel_eye.data.reading.jpeg import JPEG_SCAN, Segment, jpeg_segments
from apparel_eye.data.reading.verdicts import PhotoError
from apparel_eye.parameters import PhotoParameters

_MAX_CHUNKS = 100_000
"""Of a PNG; a picture of 40 megapixels has some thousands, and each costs a microsecond."""

_MAX_SCANS = 100
"""Of a progressive JPEG, where each goes over the whole picture; encoders make about 10."""

_NUM_ZEROS = 512
"""So many at the end of a WebP, which has neither end marker nor checksum, are no accident."""

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ARITHMETIC = 0xC9
"""From here on frames have arithmetic codes, which can be shorter than a bit."""


@dataclass(frozen=True)
class Container:
    """Bytes for the parser; metadata of JPEGs are left out, so that they cost no time or memory, and kept apart."""

    data: bytes
    exif: bytes = b""
    fixes: tuple[str, ...] = ()


def scan_container(data: bytes, name: str, limits: PhotoParameters) -> Container:
    """Check the structure of a file; formats other than JPEG, PNG and WebP are left to their parsers.

    Raises:
        PhotoError: it is truncated or damaged, or the picture is not within the limits.
    """
    checks = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp}
    return checks[name](data, limits) if name in checks else Container(data)


def check_size(width: int, height: int, limits: PhotoParameters) -> None:
    """Raise PhotoError for pictures that are too large, too small or too long."""
    short, long = sorted((width, height))
    found = f"{width} x {height} pixels"
    if width * height > limits.max_pixels:
        raise PhotoError("too large", f"{found} are more than {limits.max_pixels:,}; make it smaller")
    if short < limits.min_side:
        raise PhotoError("too small", f"{found}; the short side must have {limits.min_side}, take a larger copy")
    if long > limits.max_side_ratio * short:
        raise PhotoError("too long", f"{found} are longer than {limits.max_side_ratio:g}:1; crop it")


def _jpeg(data: bytes, limits: PhotoParameters) -> Container:
    header, exif, least, scans, has_others = [data[:2]], b"", 0, [], False
    for segment in jpeg_segments(data):
        if segment.kind == JPEG_SCAN:
            scans.append(segment.start)
        if segment.kind in _FRAMES and not least:
            least = _least_bytes(segment, limits)
        if segment.is_metadata:
            exif = exif or (segment.payload if segment.payload.startswith(b"Exif\0\0") else b"")
            has_others = has_others or segment.payload.startswith(b"MPF\0")
        elif not scans:
            header.append(data[segment.start : segment.end])
    if not (scans and least):
        raise PhotoError("damaged", "a JPEG without a picture; copy or download it again")
    if len(scans) > _MAX_SCANS:
        raise PhotoError("damaged", f"a JPEG of {len(scans)} scans, of which {_MAX_SCANS} are read; save it anew")
    if segment.start - scans[0] < least:
        found = f"{segment.start - scans[0]} bytes for a picture that needs {least} or more"
        raise PhotoError("damaged", f"the JPEG's header is wrong: {found}; copy or download it again")
    fixes = ["first frame"] if has_others else _trailing(data, segment.end)
    return Container(b"".join([*header, data[scans[0] : segment.end]]), exif, tuple(fixes))


def _least_bytes(segment: Segment, limits: PhotoParameters) -> int:
    """The least that such a picture has: a bit for each 8 x 8 pixels."""
    precision, height, width = (int.from_bytes(segment.payload[start:end]) for start, end in ((0, 1), (1, 3), (3, 5)))
    check_size(width, height, limits)
    if precision != 8:
        raise PhotoError("format not allowed", f"a JPEG of {precision} bits; save it as a JPEG of 8 bits")
    return 1 if segment.kind >= _ARITHMETIC else 1 + width * height // 512


def _png(data: bytes, limits: PhotoParameters) -> Container:
    view, start, fixes = memoryview(data), 8, []
    for _ in range(_MAX_CHUNKS):
        end = start + 12 + int.from_bytes(view[start : start + 4])
        if end > len(data):
            raise PhotoError("truncated", f"the PNG ends after {len(data):,} bytes; copy or download it again")
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise PhotoError("damaged", f"wrong PNG checksum after byte {start:,}; copy or download it again")
        kind = bytes(view[start + 4 : start + 8])
        if (kind == b"IHDR") != (start == 8) or (kind == b"IHDR" and end != 33):
            raise PhotoError("damaged", "the PNG has no proper header; copy or download it again")
        if kind == b"IHDR":
            check_size(int.from_bytes(view[16:20]), int.from_bytes(view[20:24]), limits)
            fixes += ["16 bit"] if view[24] == 16 else []
        if kind == b"IEND":
            return Container(data[:end], fixes=(*fixes, *_trailing(data, end)))
        start = end
    raise PhotoError("metadata too large", f"the PNG has more than {_MAX_CHUNKS:,} parts; save it anew")


def _webp(data: bytes, limits: PhotoParameters) -> Container:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise PhotoError("truncated", f"the WebP has {len(data):,} of {end:,} bytes; copy or download it again")
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[start : start + 3], "little") + 1 for start in (24, 27))
    elif data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(data[start : start + 2], "little") & 0x3FFF for start in (26, 28))
    check_size(width, height, limits)
    if data[:end].endswith(bytes(_NUM_ZEROS)):
        raise PhotoError("damaged", "the end of the WebP is zeros (interrupted copy?); copy it again")
    return Container(data[:end], fixes=tuple(_trailing(data, end)))


def _trailing(data: bytes, end: int) -> list[str]:
    """Zeros and white space fill up blocks; anything else is something."""
    return ["trailing data"] if data[end:].strip(b"\0 \t\r\n") else []
