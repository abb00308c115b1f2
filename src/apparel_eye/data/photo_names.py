"""What the name of a file tells: whether it may be a photo."""

# fmt: off
PHOTO_SUFFIXES = frozenset({
    "apng", "arw", "avif", "bmp", "cr2", "dib", "dng", "eps", "gif", "heic", "heif", "ico", "j2k", "jfif",
    "jp2", "jpe", "jpeg", "jpg", "jxl", "nef", "pcx", "png", "ppm", "psd", "raw", "svg", "tga", "tif", "tiff",
    "webp",
})
# fmt: on
"""Of image formats, whether we read them or not: what we do not read is refused by name, not overlooked."""


def is_photo_name(key: str) -> bool:
    """Whether the suffix is of an image format, or missing."""
    suffix = suffix_of(key)
    return not suffix or suffix in PHOTO_SUFFIXES


def suffix_of(key: str) -> str:
    """What follows the last dot of a file's name, in lower case; empty without one."""
    _, dot, suffix = key[key.rfind("/") + 1 :].rpartition(".")
    return suffix.lower() if dot else ""
