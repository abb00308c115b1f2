"""An entry of the corpus of bad photos, and makers of image bytes that no encoder would write."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""XYZ of red, green and blue, adapted to D50."""

ALL_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
USUAL = ALL_FORMATS[:3]


@dataclass(frozen=True)
class BadPhoto:
    """``verdict`` is a reason, or nothing: then ``fixes`` are expected and the ``pixels`` it was made from."""

    fault: int
    name: str
    data: bytes
    verdict: str = ""
    fixes: tuple[str, ...] = ()
    pixels: NDArray[np.uint8] | None = None
    tolerance: float = 0.6
    formats: tuple[str, ...] = USUAL


def scene(width: int = 48, height: int = 40) -> NDArray[np.uint8]:
    """A shaded ground and a block that tells the four corners and both directions apart; (height, width, 3)."""
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([40 + 120 * columns / width, 60 + 150 * rows / height, 200 - 100 * columns / width], axis=-1)
    pixels[: height // 3, : width // 4] = (220, 40, 30)
    return pixels.round().astype(np.uint8)


SCENE = scene()
HEIGHT, WIDTH = SCENE.shape[:2]


def encode(image: Image.Image | NDArray[np.generic], kind: str = "PNG", **options: object) -> bytes:
    """A picture as the bytes of a file."""
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, color: int, rows: bytes, *others: bytes) -> bytes:
    """A PNG of rows that have their filter bytes; other chunks stand before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    return PNG + header + b"".join(others) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def black_png(width: int, height: int) -> bytes:
    """One bit a pixel, whole, and hardly any bytes."""
    return png(width, height, 1, 0, bytes(height * (1 + (width + 7) // 8)))


def with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    return data[:33] + chunk(kind, content) + data[33:]


def segment(kind: int, content: bytes) -> bytes:
    """Of a JPEG."""
    return bytes([0xFF, kind]) + struct.pack(">H", len(content) + 2) + content


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments behind its first marker."""
    return data[:2] + b"".join(segments) + data[2:]


def with_frame(data: bytes, precision: int | None = None, side: int | None = None, kind: int = 0xC0) -> bytes:
    """A JPEG whose header lies about its bits, its size or its coding."""
    start = max(data.find(b"\xff\xc0\x00"), data.find(b"\xff\xc2\x00"))
    changed = bytearray(data)
    changed[start + 1] = kind
    changed[start + 4] = precision or data[start + 4]
    if side:
        changed[start + 5 : start + 9] = struct.pack(">HH", side, side)
    return bytes(changed)


def exif(orientation: int, order: str = "<") -> bytes:
    """With nothing but an orientation."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def stored(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """How upright pixels lie in a file with this orientation: rows and columns as EXIF 2.3 defines them."""
    turned = pixels.transpose(1, 0, 2) if orientation >= 5 else pixels
    rows_reversed, columns_reversed = orientation in (3, 4, 6, 7), orientation in (2, 3, 7, 8)
    return np.ascontiguousarray(turned[:: -1 if rows_reversed else 1, :: -1 if columns_reversed else 1])


def profile(primaries: tuple[tuple[float, float, float], ...], gamma: float) -> bytes:
    """An ICC profile of three primaries and a power law (ICC.1:2001-04)."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {
        name: b"XYZ " + bytes(4) + fixed(*primary) for name, primary in zip(("r", "g", "b"), primaries, strict=True)
    }
    contents = {f"{name}XYZ": content for name, content in tags.items()}
    contents |= {"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1.0, 0.8249)}
    contents |= {f"{name}TRC": curve for name in "rgb"}
    return _profile(b"RGB ", b"XYZ ", contents)


def seen(
    pixels: NDArray[np.uint8], primaries: tuple[tuple[float, float, float], ...], gamma: float
) -> NDArray[np.uint8]:
    """Pixels of such a profile in sRGB (IEC 61966-2-1), by the formulas."""
    linear = (pixels / 255) ** gamma @ np.array(primaries) @ np.linalg.inv(np.array(SRGB))
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (255 * encoded).round().astype(np.uint8)


def ink_profile(corners: NDArray[np.uint8]) -> bytes:
    """An ICC profile of inks: 8-bit Lab of all or nothing of each, shape (2, 2, 2, 2, 3), linear between."""
    identity = struct.pack(">9i", *(65536 if place % 4 == 0 else 0 for place in range(9)))
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + 4 * ramp + corners.tobytes() + 3 * ramp
    return _profile(
        b"CMYK", b"Lab ", {"A2B0": table, "A2B1": table, "wtpt": b"XYZ " + bytes(4) + identity[:12]}, b"prtr"
    )


def _profile(space: bytes, connection: bytes, tags: dict[str, bytes], device: bytes = b"mntr") -> bytes:
    offset = 128 + 4 + 12 * len(tags)
    table, body = b"", b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name.encode() + struct.pack(">II", offset + len(body), len(content))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s12s4s", offset + len(body), bytes(4), 0x02400000, device, space, connection, bytes(12), b"acsp"
    )
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
