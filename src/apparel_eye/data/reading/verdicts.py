"""What reading can say of a file: why it is no photo that can be used, or what is odd about one that can."""

REASONS = {
    "empty": "the file has no bytes",
    "truncated": "the file ends before its picture does",
    "no end marker": "a JPEG whose last part is zeros: a copy that was interrupted",
    "damaged": "a checksum is wrong, or the parser refuses it",
    "not an image": "a web page, a text, an archive or unknown bytes",
    "format not allowed": "an image of another format than those in the parameters",
    "too large": "more bytes or pixels than allowed",
    "too small": "the short side has fewer pixels than needed",
    "too long": "the long side is too long for the short side",
    "metadata too large": "texts or parts that only cost time and memory",
    "value range": "numbers whose black and white cannot be known",
}
"""Every ``PhotoError.reason``."""

FIXES = {
    "trailing data": "bytes behind the end of the picture were left out",
    "first frame": "only the first of several frames, pages or pictures was taken",
    "orientation": "turned or mirrored as its EXIF data say",
    "16 bit": "16 bits per channel were scaled to 8",
    "float": "floating-point or 32-bit numbers were scaled to 8 bits",
    "cmyk": "printing inks were converted to RGB",
    "transparency": "laid on the ground of the parameters",
    "color profile": "converted to sRGB by the embedded profile",
    "bad profile": "the embedded profile is invalid and was ignored",
    "one color": "all pixels have the same color",
    "noise": "neighboring pixels have nothing to do with each other",
}
"""Every code in ``Photo.fixes``; there they stand in this order."""


class PhotoError(ValueError):
    """A file that is not a photo we can use; ``reason`` is a key of ``REASONS``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
