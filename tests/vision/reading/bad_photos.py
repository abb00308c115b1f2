"""A corpus of bad and odd photos, and what reading each must give; its numbers are those of the fault table."""

import itertools
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import photo_bytes as make
from numpy.typing import NDArray
from odd_photos import odd_photos
from photo_bytes import ALL_FORMATS, HEIGHT, SCENE, USUAL, WIDTH, BadPhoto
from PIL import Image

LARGE = make.scene(400, 300)
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def write_bad_photos(folder: Path) -> list[BadPhoto]:
    """Write them all as ``folder/<number>-<fault>-<name>``; names say nothing of the format, as in real life."""
    makers = (_cut, _overwritten, _no_images, _other_formats, _large, _long_or_small, _metadata, odd_photos, _odd)
    photos = list(itertools.chain.from_iterable(maker() for maker in makers))
    for number, photo in enumerate(photos):
        (folder / file_name(number, photo)).write_bytes(photo.data)
    return photos


def file_name(number: int, photo: BadPhoto) -> str:
    """Of a photo in the list."""
    return f"{number:03}-{photo.fault:02}-{photo.name}.jpg"


def _encoded(pixels: NDArray[np.uint8] = LARGE) -> dict[str, bytes]:
    jpeg = {"quality": 95, "subsampling": 0}
    return {
        "jpeg": make.encode(pixels, "JPEG", **jpeg),
        "progressive": make.encode(pixels, "JPEG", progressive=True, **jpeg),
        "png": make.encode(pixels),
        "webp": make.encode(pixels, "WEBP", quality=95),
        "webp-lossless": make.encode(pixels, "WEBP", lossless=True),
    }


def _cut() -> Iterator[BadPhoto]:
    yield BadPhoto(1, "no-bytes", b"", "empty")
    for name, data in _encoded().items():
        for kept in (len(data) // 10, len(data) // 2, len(data) * 9 // 10, len(data) - 2):
            yield BadPhoto(2, f"{name}-{kept}-bytes", data[:kept], "truncated")


def _overwritten() -> Iterator[BadPhoto]:
    encoded = _encoded(np.vstack([LARGE, np.tile(NOISE, (2, 7, 1))[:, :400]]))
    reasons = {"jpeg": "no end marker", "progressive": "no end marker", "png": "damaged"}
    for name, share in itertools.product(encoded, (0.1, 0.5, 0.9)):
        data = encoded[name]
        kept = int(share * len(data))
        zeros = data[:kept] + bytes(len(data) - kept)
        yield BadPhoto(4, f"{name}-zeros-from-{share}", zeros, reasons.get(name, "damaged"))
    whole = make.with_chunk(encoded["png"], b"tEXt", b"Title\0a")
    for name, place in {"header": 20, "text": 44, "picture": 2_000, "end": len(whole) - 1}.items():
        changed = whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        yield BadPhoto(20, f"png-wrong-{name}", changed, "damaged")


def _no_images() -> Iterator[BadPhoto]:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    files = {
        7: [
            b"<!DOCTYPE html><html><body>404",
            b" \n<html lang=en>",
            b"\xef\xbb\xbf<!doctype HTML>",
            b'{"error": 403}',
            b"[]",
            b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
            b"<?xml?><html></html>",
        ],
        8: [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"],
        9: [np.random.default_rng(seed).bytes(50_000) for seed in range(4)]
        + [b"a dress, knee length", "Größe 42".encode(), b"%PDF-1.7\n%\xe2\xe3", svg, b"<?xml version='1.0'?>\n" + svg]
        + [b"PK\3\4" + bytes(40), b"\x1f\x8b\x08" + bytes(40), b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", bytes(4096)]
        + [b"\0\0\0\x18ftypisom" + bytes(40), b"RIFF\0\0\0\0WAVEfmt ", b"BM I am no bitmap, I am a text", b"\0", b"x"],
    }
    for fault, contents in files.items():
        for number, data in enumerate(contents):
            yield BadPhoto(fault, f"no-image-{number}", data, "not an image")


def _other_formats() -> Iterator[BadPhoto]:
    for name, data in _encoded(SCENE).items():
        yield BadPhoto(10, name, data, pixels=SCENE, tolerance=2.5)
    for kind in ("GIF", "BMP", "TIFF", "AVIF"):
        data = make.encode(SCENE, kind)
        yield BadPhoto(10, kind, data, "format not allowed")
        yield BadPhoto(10, f"{kind}-allowed", data, pixels=SCENE, tolerance=5, formats=ALL_FORMATS)
    for kind in ("EPS", "ICO", "PCX", "SGI", "PPM", "ICNS", "JPEG2000", "DDS", "QOI"):
        fault = 11 if kind == "EPS" else 12
        yield BadPhoto(fault, kind, make.encode(SCENE, kind), "format not allowed", formats=ALL_FORMATS)
    heads = [b"8BPS\0\1", b"SIMPLE  =", b"\0\0\0\0\x11\xaf", b"\0\0\0\0\x12\xaf", b"gimp xcf file", b"\x76\x2f\x31\x01"]
    heads += [b"#?RADIANCE\n", b"II+\0\x08\0\0\0", b"\0\0\2\0\1\0", b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"]
    for number, head in enumerate(heads):
        yield BadPhoto(12, f"head-{number}", head + bytes(200), "format not allowed", formats=ALL_FORMATS)
    for brand in (b"heic", b"heix", b"mif1", b"avif", b"avis", b"crx "):
        data = b"\0\0\0\x18ftyp" + brand + bytes(4) + brand + bytes(200)
        yield BadPhoto(33, brand.decode().strip(), data, "format not allowed")


def _large() -> Iterator[BadPhoto]:
    for fault, side in ((13, 20_000), (14, 12_000), (14, 13_000), (14, 6_400)):
        yield BadPhoto(fault, f"{side}-square", make.black_png(side, side), "too large")
    header = struct.pack("<I", 16_382 | 16_382 << 14)
    for name, picture in {
        "canvas": b"VP8X" + struct.pack("<IIHBHB", 10, 0, 0xFFFF, 0, 0xFFFF, 0),
        "lossless": b"VP8L" + struct.pack("<I", 200) + b"\x2f" + header + bytes(195),
        "lossy": b"VP8 " + struct.pack("<I", 200) + b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(190),
    }.items():
        yield BadPhoto(
            13, f"webp-{name}", b"RIFF" + struct.pack("<I", len(picture) + 4) + b"WEBP" + picture, "too large"
        )
    yield BadPhoto(
        13,
        "gif",
        b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;",
        "too large",
        formats=ALL_FORMATS,
    )
    small = make.encode(SCENE, "JPEG")
    for kind, side in itertools.product(("jpeg", "png"), (9_000, 60_000)):
        png = make.png(side, side, 8, 2, b"no picture")
        lie = make.with_frame(small, side=side) if kind == "jpeg" else png
        yield BadPhoto(15, f"{kind}-{side}", lie, "too large")
    yield BadPhoto(15, "jpeg-6000", make.with_frame(small, side=6_000), "damaged")
    yield BadPhoto(15, "png-6000", make.png(6_000, 6_000, 8, 2, b"no picture"), "truncated")


def _long_or_small() -> Iterator[BadPhoto]:
    for width, height in ((65_000, 2), (1, 5_000), (5_000, 1), (1, 1), (15, 15), (2, 2)):
        fault = 16 if max(width, height) > 15 else 17
        for kind in ("PNG", "JPEG", "WEBP") if width < 16_000 else ("PNG", "JPEG"):
            data = (
                make.black_png(width, height) if kind == "PNG" else make.encode(Image.new("RGB", (width, height)), kind)
            )
            yield BadPhoto(fault, f"{width}x{height}-{kind}", data, "too small")
    for width, height in ((16, 321), (321, 16), (65_000, 20), (20, 16_000)):
        yield BadPhoto(16, f"{width}x{height}", make.black_png(width, height), "too long")


def _metadata() -> Iterator[BadPhoto]:
    plain, photo = make.encode(SCENE), make.encode(SCENE, "JPEG", quality=95, subsampling=0)
    bomb = zlib.compress(bytes(50_000_000), 9)
    texts = [make.chunk(b"zTXt", b"k%d\0\0" % number + zlib.compress(bytes(1_000_000))) for number in range(70)]
    for name, data in {
        "ztxt": make.with_chunk(plain, b"zTXt", b"Comment\0\0" + bomb),
        "itxt": make.with_chunk(plain, b"iTXt", b"Comment\0\1\0\0\0" + bomb),
        "iccp": make.with_chunk(plain, b"iCCP", b"name\0\0" + bomb),
        "many-texts": plain[:33] + b"".join(texts) + plain[33:],
        "many-chunks": plain[:33] + 120_000 * make.chunk(b"tIME", b"") + plain[33:],
        "many-segments": make.with_segments(photo, 20_000 * make.segment(0xFE, b"")),
    }.items():
        yield BadPhoto(18, name, data, "metadata too large")
    entries = b"".join(struct.pack("<HHII", tag, 7, 65_000, 8) for tag in range(5_000))
    amplified = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 5_000) + entries
    looped = b"Exif\0\0II*\0" + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 8, 8)
    for name, segments in {
        "long-exif": 60 * make.segment(0xE1, b"Exif\0\0" + bytes(65_000)),
        "amplified-exif": make.segment(0xE1, amplified[:65_500]),
        "looped-exif": make.segment(0xE1, looped),
        "long-xmp": 60 * make.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<x:" * 20_000),
        "long-comment": 100 * make.segment(0xFE, bytes(65_000)),
        "photoshop": make.segment(0xED, b"Photoshop 3.0\x008BIM" + b"\xff" * 5_000),
        "two-fill-bytes": b"\xff\xff" + make.segment(0xFE, b"x")[1:],
        "junk": make.segment(0xFE, b"x") + b"junk" * 500_000,
    }.items():
        yield BadPhoto(19, name, make.with_segments(photo, segments), pixels=SCENE, tolerance=2)
    for name, block in {"long": b"II*\0" + bytes(5_000_000), "amplified": amplified[6:], "looped": looped[6:]}.items():
        yield BadPhoto(19, f"png-{name}-exif", make.with_chunk(plain, b"eXIf", block), pixels=SCENE)


def _odd() -> Iterator[BadPhoto]:
    encoded = _encoded(SCENE)
    for name in ("jpeg", "png", "webp-lossless"):
        for other, trailer in {"zip": b"PK\3\4", "html": b"<html>", "twice": encoded[name]}.items():
            data = encoded[name] + trailer
            yield BadPhoto(6, f"{name}-{other}", data, "", ("trailing data",), SCENE, tolerance=2)
        yield BadPhoto(6, f"{name}-padded", encoded[name] + bytes(600) + b"\r\n", pixels=SCENE, tolerance=2)
    restarts = make.encode(SCENE, "JPEG", quality=95, subsampling=0, restart_marker_rows=1)
    yield BadPhoto(34, "restarts", restarts, pixels=SCENE, tolerance=2)
    yield BadPhoto(34, "progressive", encoded["progressive"], pixels=SCENE, tolerance=2)
    yield BadPhoto(34, "12-bit", make.with_frame(encoded["jpeg"], precision=12), "format not allowed")
    yield BadPhoto(34, "no-picture", encoded["jpeg"][:2] + b"\xff\xd9", "damaged")
    for level in (0, 128, 255):
        flat = np.full((HEIGHT, WIDTH, 3), level, np.uint8)
        for kind in USUAL:
            yield BadPhoto(35, f"{level}-{kind}", make.encode(flat, kind), "", ("one color",), flat, tolerance=2)
    for kind, tolerance in (("PNG", 0.6), ("JPEG", 60), ("WEBP", 60)):
        yield BadPhoto(35, f"noise-{kind}", make.encode(NOISE, kind), "", ("noise",), NOISE, tolerance=tolerance)
