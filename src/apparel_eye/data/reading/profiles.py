"""Embedded color profiles."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_MAX_BYTES = 4_000_000
"""Printing profiles have about one megabyte."""

_SAME = 3
"""Levels by which profiles that are called sRGB differ from each other."""

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, list[str]]:
    """An image of mode L, RGB or CMYK as RGB, by its profile if it has a valid one, and the fix if there is one."""
    transform, mode, fix = _transform(profile, image.mode) if profile else (None, image.mode, "")
    if image.mode != (mode if transform else "RGB"):  # a conversion to the same mode would be a copy
        image = image.convert(mode if transform else "RGB")
    return transform.apply(image) if transform else image, [fix] if fix else []


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, str, str]:
    """Transform to sRGB, the mode it takes and the fix; built once, since most photos of a camera share a profile."""
    try:
        if len(profile) > _MAX_BYTES:
            raise ValueError
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        taken = _SPACES[source.profile.xcolor_space]
        if taken != mode and (taken, mode) != ("RGB", "L"):  # gray photos often carry their camera's profile
            raise ValueError
        transform = ImageCms.ImageCmsTransform(
            source,
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            taken,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except Exception:  # whatever the library says of bytes that are no profile, the photo is good without it
        return None, mode, "bad profile"
    return (None, mode, "") if _changes_nothing(transform, taken) else (transform, taken, "color profile")


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    if mode == "CMYK":
        return False
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    probe = Image.fromarray(colors).convert(mode)
    before, after = (np.asarray(image.convert("RGB"), dtype=int) for image in (probe, transform.apply(probe)))
    return bool(abs(after - before).max() <= _SAME)
