"""Photos that are odd but good: they must be read, with their fixes, and show what they were made from."""

from collections.abc import Iterator

import numpy as np
import photo_bytes as make
from numpy.typing import NDArray
from photo_bytes import ALL_FORMATS, HEIGHT, SCENE, WIDTH, BadPhoto
from PIL import Image, ImageCms

GRAY = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) * 65_535 // (HEIGHT * WIDTH - 1)
"""All levels of 16 bits, evenly."""


def odd_photos() -> Iterator[BadPhoto]:
    """Colors, numbers, profiles, orientations and frames."""
    for maker in (_colors, _inks, _numbers, _profiles, _turned, _frames):
        yield from maker()


def _over(colors: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    share = alpha[..., None] / 255
    return (colors * share + 255 * (1 - share)).round().astype(np.uint8)


def _colors() -> Iterator[BadPhoto]:
    laid = {"fixes": ("transparency",)}
    alpha = np.broadcast_to(np.linspace(0, 255, WIDTH).round().astype(np.uint8), (HEIGHT, WIDTH))
    rgba = np.dstack([SCENE, alpha])
    expected = _over(SCENE, alpha)
    yield BadPhoto(21, "rgba", make.encode(rgba), pixels=expected, **laid)
    webp = make.encode(rgba, "WEBP", lossless=True, exact=True)
    yield BadPhoto(21, "rgba-webp", webp, pixels=expected, **laid)
    yield BadPhoto(21, "rgba-tiff", make.encode(rgba, "TIFF"), pixels=expected, formats=ALL_FORMATS, **laid)
    yield BadPhoto(21, "opaque", make.encode(np.dstack([SCENE, np.full_like(alpha, 255)])), pixels=SCENE)
    level = SCENE[..., 0]
    gray = np.dstack([level] * 3)
    gray_alpha = Image.merge("LA", (Image.fromarray(level), Image.fromarray(alpha)))
    yield BadPhoto(22, "la", make.encode(gray_alpha), pixels=_over(gray, alpha), **laid)
    block = (SCENE[0, 0] == SCENE).all(axis=-1)
    without = np.where(block[..., None], 255, SCENE).astype(np.uint8)
    yield BadPhoto(22, "rgb-key", make.encode(SCENE, transparency=tuple(SCENE[0, 0].tolist())), pixels=without, **laid)
    gray_without = np.where(level[..., None] == level[0, 0], 255, gray).astype(np.uint8)
    yield BadPhoto(22, "l-key", make.encode(level, transparency=int(level[0, 0])), pixels=gray_without, **laid)
    palette = Image.fromarray(np.where(block, 1, 0).astype(np.uint8), "L").copy()
    palette.putpalette([10, 20, 30, 200, 100, 50])
    colors = np.where(block[..., None], (200, 100, 50), (10, 20, 30)).astype(np.uint8)
    yield BadPhoto(23, "palette", make.encode(palette), pixels=colors)
    yield BadPhoto(
        22, "palette-key", make.encode(palette, transparency=1), pixels=_over(colors, ~block * np.uint8(255)), **laid
    )
    half = make.encode(palette, transparency=bytes([255, 128]))
    yield BadPhoto(22, "palette-half", half, pixels=_over(colors, np.where(block, 128, 255).astype(np.uint8)), **laid)
    yield BadPhoto(23, "gray", make.encode(level), pixels=gray)
    yield BadPhoto(23, "gray-jpeg", make.encode(level, "JPEG", quality=95), pixels=gray, tolerance=2)
    black = np.dstack([block.astype(np.uint8) * 255] * 3)
    yield BadPhoto(23, "one-bit", make.encode(Image.fromarray(block)), pixels=black)
    yield BadPhoto(23, "gif", make.encode(palette, "GIF"), pixels=colors, formats=ALL_FORMATS)


def _inks() -> Iterator[BadPhoto]:
    inks = np.dstack([255 - SCENE, np.full((HEIGHT, WIDTH), 40, dtype=np.uint8)])
    printed = (SCENE * (215 / 255)).round().astype(np.uint8)
    adobe = make.encode(Image.fromarray(inks, "CMYK"), "JPEG", quality=100, subsampling=0)
    start = adobe.index(b"\xff\xee\x00\x0eAdobe")
    as_expected = make.encode(Image.fromarray(255 - inks, "CMYK"), "JPEG", quality=100, subsampling=0)
    luma = 255 - np.asarray(Image.fromarray(255 - SCENE).convert("YCbCr"))
    ycck = make.encode(Image.fromarray(np.dstack([luma, inks[..., 3:]]), "CMYK"), "JPEG", quality=100, subsampling=0)
    marked = ycck[: start + 15] + b"\x02" + ycck[start + 16 :]
    unmarked = as_expected[:start] + as_expected[start + 16 :]
    for name, data in {"adobe": adobe, "ycck": marked, "unmarked": unmarked}.items():
        yield BadPhoto(24, f"cmyk-{name}", data, fixes=("cmyk",), pixels=printed, tolerance=2)
    tiff = make.encode(Image.fromarray(inks, "CMYK"), "TIFF")
    yield BadPhoto(24, "cmyk-tiff", tiff, fixes=("cmyk",), pixels=printed, formats=ALL_FORMATS)


def _numbers() -> Iterator[BadPhoto]:
    ramp = np.dstack([(GRAY / 257).round().astype(np.uint8)] * 3)
    deep = {"fixes": ("16 bit",), "pixels": ramp}
    gray = GRAY.astype(np.uint16)
    yield BadPhoto(25, "gray-png", make.encode(gray), **deep)
    rows = np.hstack([np.zeros((HEIGHT, 1), np.uint8), gray.astype(">u2").view(np.uint8)]).tobytes()
    keyed = make.png(WIDTH, HEIGHT, 16, 0, rows, make.chunk(b"tRNS", b"\0\0"))
    white_first = ramp.copy()
    white_first[0, 0] = 255
    yield BadPhoto(25, "gray-key", keyed, fixes=("16 bit", "transparency"), pixels=white_first)
    color = (SCENE.astype(np.uint16) * 257).astype(">u2").reshape(HEIGHT, -1).view(np.uint8)
    rows = np.hstack([np.zeros((HEIGHT, 1), np.uint8), color]).tobytes()
    yield BadPhoto(26, "rgb-png", make.png(WIDTH, HEIGHT, 16, 2, rows), fixes=("16 bit",), pixels=SCENE)
    opt_in = {"formats": ALL_FORMATS}
    yield BadPhoto(25, "gray-tiff", make.encode(gray, "TIFF"), **deep, **opt_in)
    yield BadPhoto(25, "gray-tiff-deflated", make.encode(gray, "TIFF", compression="tiff_deflate"), **deep, **opt_in)
    yield BadPhoto(27, "int-65535", make.encode(GRAY.astype(np.int32), "TIFF"), **deep, **opt_in)
    low = np.dstack([(GRAY // 257).astype(np.uint8)] * 3)
    yield BadPhoto(27, "int-255", make.encode((GRAY // 257).astype(np.int32), "TIFF"), "", ("16 bit",), low, **opt_in)
    share = (GRAY / 65_535).astype(np.float32)
    for name, values in {"1": share, "255": share * 255}.items():
        yield BadPhoto(27, f"float-{name}", make.encode(values, "TIFF"), "", ("float",), ramp, **opt_in)
    odd = share.copy()
    odd[3, 3] = np.nan
    for name, values in {
        "nan": odd,
        "minus": share - 0.5,
        "large": share * 1_000,
        "inf": np.where(share > 0.5, np.inf, share).astype(np.float32),
    }.items():
        yield BadPhoto(27, f"float-{name}", make.encode(values, "TIFF"), "value range", **opt_in)
    for name, numbers in {"large": GRAY * 3, "minus": GRAY - 9}.items():
        yield BadPhoto(27, f"int-{name}", make.encode(numbers.astype(np.int32), "TIFF"), "value range", **opt_in)


def _profiles() -> Iterator[BadPhoto]:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield BadPhoto(28, "srgb", make.encode(SCENE, icc_profile=srgb), pixels=SCENE)
    for name, primaries in {"p3": make.DISPLAY_P3, "adobe": make.ADOBE_RGB}.items():
        profile = make.profile(primaries, 2.2)
        expected = make.seen(SCENE, primaries, 2.2)
        for kind in ("PNG", "JPEG"):
            options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {}
            data = make.encode(SCENE, kind, icc_profile=profile, **options)
            yield BadPhoto(28, f"{name}-{kind}", data, fixes=("color profile",), pixels=expected, tolerance=2)
    inks = make.ink_profile(np.zeros((2, 2, 2, 2, 3), np.uint8))
    for name, profile in {"garbage": b"no profile", "cut": srgb[:200], "inks": inks, "long": bytes(800_000)}.items():
        data = make.encode(SCENE, icc_profile=profile)
        yield BadPhoto(28, f"bad-{name}", data, fixes=("bad profile",), pixels=SCENE)


def _turned() -> Iterator[BadPhoto]:
    for orientation in range(1, 9):
        fixes = ("orientation",) if orientation > 1 else ()
        lying = make.stored(SCENE, orientation)
        block = make.exif(orientation, "<>"[orientation % 2])
        photo = make.encode(lying, "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0" + block)
        yield BadPhoto(29, f"jpeg-{orientation}", photo, fixes=fixes, pixels=SCENE, tolerance=2)
        yield BadPhoto(29, f"png-{orientation}", make.encode(lying, exif=block), fixes=fixes, pixels=SCENE)
        webp = make.encode(lying, "WEBP", lossless=True, exif=block)
        yield BadPhoto(29, f"webp-{orientation}", webp, fixes=fixes, pixels=SCENE)
        for compression in ("raw", "tiff_deflate"):
            tiff = make.encode(lying, "TIFF", compression=compression, tiffinfo={0x0112: orientation})
            yield BadPhoto(29, f"tiff-{compression}-{orientation}", tiff, "", fixes, SCENE, formats=ALL_FORMATS)
    for name, block in {
        "0": make.exif(0),
        "99": make.exif(99),
        "cut": make.exif(6)[:12],
        "garbage": b"II*\0\xff\xff\xff\xff",
        "text": b"no exif",
    }.items():
        yield BadPhoto(30, f"exif-{name}", make.with_chunk(make.encode(SCENE), b"eXIf", block), pixels=SCENE)


def _frames() -> Iterator[BadPhoto]:
    first, others = Image.fromarray(SCENE), [Image.fromarray(255 - SCENE), Image.fromarray(SCENE[::-1].copy())]
    several = {"save_all": True, "append_images": others}
    for fault, kind, options in (
        (31, "WEBP", {"lossless": True}),
        (31, "PNG", {}),
        (32, "TIFF", {}),
        (31, "MPO", {"quality": 95}),  # last, since it leaves its settings in the pictures
    ):
        data = make.encode(first, kind, **several, **options)
        yield BadPhoto(fault, kind, data, "", ("first frame",), SCENE, tolerance=5, formats=ALL_FORMATS)
    palette = first.quantize(64)
    gif = make.encode(palette, "GIF", save_all=True, append_images=[image.quantize(64) for image in others])
    colors = np.asarray(palette.convert("RGB"))
    yield BadPhoto(31, "gif", gif, fixes=("first frame",), pixels=colors, formats=ALL_FORMATS)
    flicker = [Image.new("RGB", (WIDTH, HEIGHT), (number % 256, 0, 0)) for number in range(1_000)]
    many = make.encode(first, "WEBP", save_all=True, append_images=flicker, lossless=True, method=0)
    yield BadPhoto(31, "webp-1001", many, fixes=("first frame",), pixels=SCENE)
    frame = gif[gif.index(b",\0\0\0\0") : -1]
    yield BadPhoto(
        31,
        "gif-5000",
        gif[:-1] + 5_000 * frame[: len(frame) // 2] + b";",
        "",
        ("first frame",),
        colors,
        formats=ALL_FORMATS,
    )
