"""Turning photos upright as their EXIF data say; only one number is looked for, in any bytes."""

from typing import Literal

from PIL import Image

_TAG = 0x0112
_NUM_BYTES = {3: 2, 4: 4}
"""Of the types that a whole number may have."""

QUARTER_TURNS = (5, 6, 7, 8)
"""Orientations that swap width and height."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(exif: bytes) -> int:
    """1 to 8; 1, upright, where the EXIF block or TIFF file has none or is garbage.

    Offsets to other directories are never followed, so loops and huge counts cost nothing.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    if exif[:2] not in {b"II", b"MM"}:
        return 1
    order: Literal["little", "big"] = "little" if exif[:2] == b"II" else "big"
    first = int.from_bytes(exif[4:8], order)
    end = min(first + 2 + 12 * int.from_bytes(exif[first : first + 2], order), len(exif))
    for entry in range(first + 2, end, 12):
        if int.from_bytes(exif[entry : entry + 2], order) == _TAG:
            num_bytes = _NUM_BYTES.get(int.from_bytes(exif[entry + 2 : entry + 4], order), 0)
            value = int.from_bytes(exif[entry + 8 : entry + 8 + num_bytes], order)
            return value if 1 <= value <= 8 else 1
    return 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image as it is to be seen."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
