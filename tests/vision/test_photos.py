import itertools
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from apparel_eye.parameters import IngestParameters
from apparel_eye.vision.photos import PhotoError, in_threads, read_photo, resize_photo

Encode = Callable[..., bytes]


def png_with_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and has no picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"no picture") + chunk(b"IEND", b"")


def mode_or_reason(data: bytes, limits: IngestParameters) -> str:
    try:
        return read_photo(data, limits).mode
    except PhotoError as error:
        return error.reason


def why(data: bytes, limits: IngestParameters) -> str:
    with pytest.raises(PhotoError) as caught:
        read_photo(data, limits)
    return caught.value.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"  <!DOCTYPE html><html><body>404 Not Found</body></html>", "not an image"),
        (b"<html><head></head></html>", "not an image"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "not an image"),
        (b'{"error": "expired"}', "not an image"),
        (os.urandom(500), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n", "not an image"),
    ],
    ids=["empty", "html", "html without doctype", "git lfs", "json", "random", "eps"],
)
def test_files_that_are_no_photos_are_refused(data: bytes, reason: str, limits: IngestParameters) -> None:
    assert why(data, limits) == reason


@pytest.mark.parametrize(
    ("data", "help_"),
    [(b"<!doctype html>", "download error page"), (b"version https://git-lfs.github.com/spec/v1", "git lfs pull")],
)
def test_what_is_often_in_the_place_of_photos_is_named(data: bytes, help_: str, limits: IngestParameters) -> None:
    with pytest.raises(PhotoError, match=help_):
        read_photo(data, limits)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM", "TGA"])
def test_formats_that_are_not_on_the_list_are_refused(
    kind: str, encode: Encode, noise: Image.Image, limits: IngestParameters
) -> None:
    assert why(encode(noise, kind), limits) == "not an image"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_formats_that_are_put_on_the_list_are_read(
    kind: str, encode: Encode, noise: Image.Image, limits: IngestParameters
) -> None:
    wider = limits.model_copy(update={"formats": (*limits.formats, kind)})
    assert read_photo(encode(noise, kind), wider).size == noise.size


@pytest.mark.parametrize("elsewhere", [False, True], ids=["as is", "allowed by another library"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_photo_is_refused(
    kind: str,
    elsewhere: bool,
    encode: Encode,
    noise: Image.Image,
    limits: IngestParameters,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", elsewhere)
    data = encode(noise, kind)
    assert why(data[: len(data) // 2], limits) in {"truncated", "not an image"}  # WebP is checked when it is opened


@pytest.mark.parametrize("side", [7_000, 12_000, 60_000], ids=["49 megapixels", "144 megapixels", "3.6 gigapixels"])
def test_too_many_pixels_are_refused_by_the_header_alone(side: int, limits: IngestParameters) -> None:
    assert why(png_with_header(side, side), limits) == "too large"


@pytest.mark.parametrize(
    ("size", "reason"),
    [((6_400, 6_250), "truncated"), ((6_400, 6_251), "too large")],
    ids=["as many as allowed", "a row more"],
)
def test_the_largest_number_of_pixels_is_allowed(size: tuple[int, int], reason: str, limits: IngestParameters) -> None:
    assert why(png_with_header(*size), limits) == reason


@pytest.mark.parametrize("size", [(15, 40), (40, 15), (1, 1)])
def test_photos_with_a_side_too_small_are_refused(
    size: tuple[int, int], encode: Encode, limits: IngestParameters
) -> None:
    assert why(encode(Image.new("RGB", size)), limits) == "too small"


@pytest.mark.parametrize("size", [(16, 321), (321, 16)])
def test_photos_too_long_are_refused(size: tuple[int, int], encode: Encode, limits: IngestParameters) -> None:
    assert why(encode(Image.new("RGB", size)), limits) == "too long"


def test_photos_just_within_the_limits_are_read(encode: Encode, limits: IngestParameters) -> None:
    assert read_photo(encode(Image.new("RGB", (16, 320))), limits).size == (16, 320)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@given(data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_give_a_photo_or_a_reason(
    kind: str, data: st.DataObject, encode: Encode, noise: Image.Image, limits: IngestParameters
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    damaged = bytearray(encode(noise, kind, exif=exif.tobytes()))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(damaged))))
    reasons = {"empty", "not an image", "truncated", "too large", "too small", "too long"}
    assert mode_or_reason(bytes(damaged[:cut]), limits) in {"RGB", *reasons}


def test_a_photo_without_loss_has_its_pixels(encode: Encode, noise: Image.Image, limits: IngestParameters) -> None:
    np.testing.assert_array_equal(np.asarray(read_photo(encode(noise), limits)), np.asarray(noise))


def test_transparency_is_laid_on_white(encode: Encode, limits: IngestParameters) -> None:
    image = Image.new("RGBA", (16, 16), (255, 0, 0, 128))
    image.putpixel((0, 0), (255, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 255))
    photo = read_photo(encode(image), limits)
    assert [photo.getpixel((column, 0)) for column in range(3)] == [(255, 255, 255), (255, 0, 0), (255, 127, 127)]


def test_transparency_of_gray_is_laid_on_white(encode: Encode, limits: IngestParameters) -> None:
    photo = read_photo(encode(Image.new("LA", (16, 16), (0, 51))), limits)
    assert photo.getpixel((0, 0)) == (204, 204, 204)


def test_a_transparent_color_of_a_palette_is_white(encode: Encode, limits: IngestParameters) -> None:
    image = Image.new("P", (16, 16), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((0, 0), 1)
    photo = read_photo(encode(image, transparency=0), limits)
    assert photo.getpixel((0, 0)) == (200, 100, 50)
    assert photo.getpixel((5, 5)) == (255, 255, 255)


def test_a_palette_without_transparency_has_its_colors(encode: Encode, limits: IngestParameters) -> None:
    image = Image.new("P", (16, 16), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    assert read_photo(encode(image), limits).getpixel((5, 5)) == (200, 100, 50)


def test_gray_of_16_bits_is_scaled_and_not_cut_off(encode: Encode, limits: IngestParameters) -> None:
    ramp = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    photo = np.asarray(read_photo(encode(Image.fromarray(ramp)), limits))
    np.testing.assert_array_equal(photo, np.repeat(np.arange(256).reshape(16, 16, 1), 3, axis=2))


@pytest.mark.parametrize(("mode", "white"), [("L", 255), ("1", 1)])
def test_gray_and_black_and_white_become_colors(
    mode: str, white: int, encode: Encode, limits: IngestParameters
) -> None:
    assert read_photo(encode(Image.new(mode, (16, 16), white)), limits).getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("ink", "color"),
    [((0, 0, 0, 0), (255, 255, 255)), ((0, 255, 255, 0), (255, 0, 0)), ((0, 0, 0, 255), (0, 0, 0))],
    ids=["no ink", "red", "black"],
)
def test_inks_become_colors(
    ink: tuple[int, ...], color: tuple[int, ...], encode: Encode, limits: IngestParameters
) -> None:
    photo = read_photo(encode(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100), limits)
    np.testing.assert_allclose(photo.getpixel((3, 3)), color, atol=3)


STORED = {  # how upright pixels are stored so that the orientation brings them back
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", STORED)
def test_all_orientations_give_the_same_upright_pixels(
    orientation: int, encode: Encode, noise: Image.Image, limits: IngestParameters
) -> None:
    transposition = STORED[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = noise if transposition is None else noise.transpose(transposition)
    photo = read_photo(encode(stored, exif=exif.tobytes()), limits)
    np.testing.assert_array_equal(np.asarray(photo), np.asarray(noise))


@pytest.mark.parametrize("orientation", [0, 9, 99])
def test_an_orientation_that_does_not_exist_changes_nothing(
    orientation: int, encode: Encode, noise: Image.Image, limits: IngestParameters
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = read_photo(encode(noise, exif=exif.tobytes()), limits)
    np.testing.assert_array_equal(np.asarray(photo), np.asarray(noise))


def test_squashing_gives_the_size_and_cuts_nothing_off() -> None:
    halves = np.zeros((60, 20, 3), dtype=np.uint8)
    halves[30:] = 200
    squashed = resize_photo(Image.fromarray(halves), (16, 40), "squash")
    assert squashed.shape == (16, 40, 3)
    assert squashed[:6].max() == 0
    assert squashed[-6:].min() == 200


def test_a_photo_of_the_right_size_keeps_its_pixels(noise: Image.Image) -> None:
    for pixels in (resize_photo(noise, (36, 24), "squash"), resize_photo(noise, (36, 24), "pad")):
        np.testing.assert_array_equal(pixels, np.asarray(noise))


def test_padding_keeps_the_side_ratio_and_adds_the_mean_color() -> None:
    halves = np.full((16, 32, 3), 100, dtype=np.uint8)
    halves[:, 16:] = (200, 100, 0)
    padded = resize_photo(Image.fromarray(halves), (32, 32), "pad")
    np.testing.assert_array_equal(padded[8:24], halves)
    np.testing.assert_array_equal(padded[:8], np.broadcast_to([150, 100, 50], (8, 32, 3)))
    np.testing.assert_array_equal(padded[24:], np.broadcast_to([150, 100, 50], (8, 32, 3)))


def test_results_of_threads_come_in_the_order_of_the_items() -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.02 if number < 3 else 0)
        return number**2

    assert list(in_threads(slow_at_first, range(50))) == [number**2 for number in range(50)]


def test_work_is_done_in_other_threads() -> None:
    assert threading.get_ident() not in set(in_threads(lambda _: threading.get_ident(), range(10)))


def test_only_a_few_items_are_taken_ahead() -> None:
    taken = []

    def items() -> "itertools.count[int]":
        for number in itertools.count():
            taken.append(number)
            yield number

    results = in_threads(lambda number: number, items())
    assert list(itertools.islice(results, 5)) == [0, 1, 2, 3, 4]
    results.close()
    assert len(taken) <= 4 * (os.cpu_count() or 1) + 5


def test_an_error_of_an_item_comes_in_its_place() -> None:
    results = in_threads(lambda number: 1 // number, [2, 1, 0])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
