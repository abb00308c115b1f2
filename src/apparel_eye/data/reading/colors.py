"""Any colors to 8-bit sRGB on an opaque ground."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from apparel_eye.data.reading.profiles import to_srgb
from apparel_eye.data.reading.verdicts import PhotoError


def as_rgb(image: Image.Image, ground: str) -> tuple[Image.Image, list[str]]:
    """A decoded image as RGB, and what had to be done for it, see ``verdicts.FIXES``.

    Raises:
        PhotoError: the numbers of a picture of 32 bits are in no known range.
    """
    image, fixes = _eight_bits(image)
    rgba = image.convert("RGBA") if image.has_transparency_data else None
    if image.mode == "CMYK":
        fixes.append("cmyk")
        # Pillow takes all inks as inverted, as Adobe's are; without Adobe's marker they are as one expects
        opaque = image if "adobe" in image.info or image.format != "JPEG" else ImageChops.invert(image)
    elif image.mode in {"1", "L", "LA"}:
        opaque = image.convert("L")
    else:
        opaque = image if image.mode == "RGB" else (rgba or image).convert("RGB")
    rgb, profile_fixes = to_srgb(opaque, image.info.get("icc_profile", b""))
    if rgba and np.asarray(alpha := rgba.getchannel("A")).min() < 255:
        fixes.append("transparency")
        background = Image.new("RGB", image.size, ground)
        background.paste(rgb, mask=alpha)
        rgb = background
    return rgb, fixes + profile_fixes


def _eight_bits(image: Image.Image) -> tuple[Image.Image, list[str]]:
    if image.mode == "F":
        return _gray(image, _scaled_floats(np.asarray(image))), ["float"]
    if image.mode == "I":
        return _gray(image, _scaled_integers(np.asarray(image))), ["16 bit"]
    if image.mode.startswith("I;16"):
        return _gray(image, np.asarray(image) / np.float32(257)), ["16 bit"]
    return image, []


def _gray(image: Image.Image, levels: NDArray[np.floating]) -> Image.Image:
    """Levels from 0 to 255; the level that is transparent, if any, is known only by the number it was."""
    gray = Image.fromarray(levels.round().astype(np.uint8))
    if "transparency" in image.info:
        opaque = np.asarray(image) != image.info["transparency"]
        gray.putalpha(Image.fromarray(opaque.astype(np.uint8) * 255))
    gray.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return gray


def _scaled_floats(values: NDArray[np.float32]) -> NDArray[np.floating]:
    lowest, highest = float(values.min()), float(values.max())
    if not (lowest >= 0 and highest <= 255):  # also where one is not a number
        raise PhotoError("value range", f"numbers from {lowest:g} to {highest:g}; save it with 0 to 1 or 8 bits")
    return values * np.float32(255) if highest <= 1 else values


def _scaled_integers(values: NDArray[np.int32]) -> NDArray[np.floating]:
    lowest, highest = int(values.min()), int(values.max())
    if lowest < 0 or highest > 65_535:
        raise PhotoError("value range", f"numbers from {lowest} to {highest}; save it with 8 or 16 bits")
    return values.astype(np.float32) if highest <= 255 else values / np.float32(257)
