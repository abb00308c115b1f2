import itertools
import os
import threading
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import photo_bytes as make
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from waiting import meanwhile

from apparel_eye.data.reading.photos import Photo, PhotoError, in_bursts, in_threads, read_photo, resize_photo
from apparel_eye.data.reading.verdicts import FIXES, REASONS
from apparel_eye.parameters import PhotoParameters

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")  # pytest drops ours

ALL_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
SCENE = make.scene(96, 80)
ENCODED = {
    "JPEG": make.encode(SCENE, "JPEG", exif=b"Exif\0\0" + make.exif(3)),
    "progressive": make.encode(SCENE, "JPEG", progressive=True),
    "inks": make.encode(Image.fromarray(SCENE).convert("CMYK"), "JPEG"),
    **{kind: make.encode(SCENE, kind) for kind in ALL_FORMATS[1:]},
    "animation": make.encode(Image.fromarray(SCENE), "WEBP", save_all=True, append_images=[Image.new("RGB", (96, 80))]),
    "profile": make.encode(SCENE, icc_profile=make.profile(make.DISPLAY_P3, 2.2)),
    "deflated": make.encode(SCENE, "TIFF", compression="tiff_deflate", tiffinfo={0x0112: 6}),
}
SIGNATURES = [
    *(
        b"\xff\xd8\xff\xe0",
        make.PNG,
        make.PNG + b"\0\0\0\x0dIHDR",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"GIF89a",
        b"II*\0",
        b"MM\0*",
    ),
    *(b"BM" + bytes(12) + b"\x28\0\0\0", b"\0\0\0\x20ftypavif", b"RIFF\xff\0\0\0WEBPVP8X", b"RIFF\xff\0\0\0WEBPVP8L"),
]


@pytest.fixture
def limits() -> PhotoParameters:
    return PhotoParameters(
        formats=ALL_FORMATS, max_bytes=1_000_000, max_pixels=10_000, min_side=16, max_side_ratio=20, ground="white"
    )


def why(data: bytes, limits: PhotoParameters) -> str:
    with pytest.raises(PhotoError) as caught:
        read_photo(data, limits)
    assert caught.value.reason in REASONS
    return caught.value.reason


def check_whatever_comes(data: bytes, limits: PhotoParameters) -> str:
    """Fuzzed bytes give a reason, or a photo that is what it says; anything else is raised and fails the test."""
    try:
        photo = read_photo(data, limits)
    except PhotoError as error:
        return next(reason for reason in REASONS if reason == error.reason)
    assert (photo.image.mode, photo.image.size) == ("RGB", (photo.width, photo.height))
    assert photo.width * photo.height <= limits.max_pixels
    assert set(photo.fixes) <= set(FIXES)
    return ""


@pytest.mark.fault(2)
@pytest.mark.parametrize("name", ENCODED)
def test_a_photo_that_is_cut_anywhere_is_refused(name: str, limits: PhotoParameters) -> None:
    data = ENCODED[name]
    for kept in np.linspace(1, len(data) - 2, 100).astype(int):
        reason = check_whatever_comes(data[:kept], limits)
        # what these formats lack is an end that tells: a GIF's or TIFF's last bytes may be none of the picture's
        assert reason or name in {"GIF", "TIFF", "deflated", "AVIF"}, kept


@pytest.mark.fault(5)
@pytest.mark.parametrize("name", ENCODED)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_flipped_bytes_give_a_photo_or_a_reason(name: str, seed: int, limits: PhotoParameters) -> None:
    generator = np.random.default_rng(seed)
    damaged = np.frombuffer(ENCODED[name], dtype=np.uint8).copy()
    first = generator.choice([0, len(damaged) // 2])
    places = generator.integers(first, len(damaged), generator.choice([1, 3, 30]))
    damaged[places] ^= generator.integers(1, 256, len(places), dtype=np.uint8)
    check_whatever_comes(damaged.tobytes(), limits)


@pytest.mark.fault(9, 34)
@given(signature=st.sampled_from(SIGNATURES), rest=st.binary(max_size=400))
@settings(max_examples=300)
def test_random_bytes_behind_a_signature_give_a_reason(signature: bytes, rest: bytes, limits: PhotoParameters) -> None:
    check_whatever_comes(signature + rest, limits)


@pytest.mark.fault(34)
@pytest.mark.parametrize("frame", range(0xC0, 0xD0))
def test_rare_kinds_of_jpeg_are_read_or_refused(frame: int, limits: PhotoParameters) -> None:
    check_whatever_comes(make.with_frame(ENCODED["JPEG"], kind=frame), limits)


@pytest.mark.fault(3)
@pytest.mark.parametrize(
    "data", [make.png(80, 80, 8, 2, bytes(9_000)), ENCODED["BMP"][:9_000]], ids=["PNG that ends well", "BMP"]
)
def test_half_a_photo_is_refused_though_another_library_allows_it(
    data: bytes, limits: PhotoParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert why(data, limits) == "truncated"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.fault(13, 14, 16, 17)
@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((100, 100), ""),
        ((100, 101), "too large"),
        ((16, 320), ""),
        ((16, 321), "too long"),
        ((15, 15), "too small"),
    ],
)
@pytest.mark.parametrize("kind", ALL_FORMATS)
def test_limits_hold_to_the_pixel(kind: str, size: tuple[int, int], reason: str, limits: PhotoParameters) -> None:
    data = make.encode(make.scene(*size), kind)
    assert check_whatever_comes(data, limits) == reason


def test_the_number_of_bytes_is_limited(limits: PhotoParameters) -> None:
    data = ENCODED["PNG"]
    enough = limits.model_copy(update={"max_bytes": len(data)})
    assert read_photo(data, enough).fixes == ()
    assert why(data, limits.model_copy(update={"max_bytes": len(data) - 1})) == "too large"


@pytest.mark.fault(13)
def test_a_limit_above_pillows_own_holds(limits: PhotoParameters) -> None:
    many = make.png(15_000, 12_000, 1, 0, b"no picture")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert why(many, limits.model_copy(update={"max_pixels": 15_000 * 12_000})) == "truncated"
        assert why(many, limits.model_copy(update={"max_pixels": 15_000 * 12_000 - 1})) == "too large"


@pytest.mark.parametrize(("at_least", "side"), [(None, 800), (801, 800), (400, 400), (399, 400), (200, 200), (1, 100)])
def test_a_jpeg_is_reduced_as_far_as_it_may_be(at_least: int | None, side: int, limits: PhotoParameters) -> None:
    pixels = make.scene(1_200, 800)
    photo = read_photo(
        make.encode(pixels, "JPEG", quality=95), limits.model_copy(update={"max_pixels": 10**6}), at_least
    )
    assert (photo.width, photo.height) == (1_200, 800)
    assert photo.image.size == (side * 3 // 2, side)
    expected = np.asarray(Image.fromarray(pixels).resize(photo.image.size, Image.Resampling.BOX), dtype=int)
    assert abs(np.asarray(photo.image) - expected).mean() < 1


@pytest.mark.fault(29)
def test_a_turned_photo_has_its_upright_size_also_when_reduced(limits: PhotoParameters) -> None:
    data = make.encode(make.stored(SCENE, 6), "JPEG", exif=b"Exif\0\0" + make.exif(6))
    photo = read_photo(data, limits, at_least=40)
    assert (photo.width, photo.height, photo.image.size) == (96, 80, (48, 40))


@pytest.mark.fault(21)
def test_transparency_is_laid_on_the_ground(limits: PhotoParameters) -> None:
    image = Image.new("RGBA", (16, 16), (255, 0, 0, 128))
    image.putpixel((0, 0), (255, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 255))
    photo = read_photo(make.encode(image), limits.model_copy(update={"ground": "#0000ff"}))
    assert [photo.image.getpixel((column, 0)) for column in range(3)] == [(0, 0, 255), (255, 0, 0), (128, 0, 127)]


def test_what_is_raised_says_what_to_do(limits: PhotoParameters) -> None:
    with pytest.raises(PhotoError, match="git lfs pull"):
        read_photo(b"version https://git-lfs.github.com/spec/v1", limits)
    with pytest.raises(PhotoError, match=r"HEIC is not one of .*; convert it to JPEG"):
        read_photo(b"\0\0\0\x18ftypheic", limits)


def test_threads_read_what_one_thread_reads(limits: PhotoParameters) -> None:
    files = 20 * [ENCODED[name] for name in ("JPEG", "profile", "inks", "PNG", "animation")]

    def read(data: bytes) -> tuple[bytes, tuple[str, ...]]:
        photo: Photo = read_photo(data, limits)
        return photo.image.tobytes(), photo.fixes

    assert list(in_threads(read, files)) == [read(data) for data in files]


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


def test_results_of_threads_come_in_the_order_of_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    is_done = [threading.Event() for _ in range(50)]

    def slow_at_first(number: int) -> int:
        if number < 3:
            is_done[number + 1].wait()
        is_done[number].set()
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


def test_between_bursts_nothing_is_taken_or_done() -> None:
    taken, done = [], []

    def bursts() -> Iterator[list[int]]:
        for burst in ([0, 1, 2, 3], [4], [5, 6, 7]):
            taken.extend(burst)
            yield burst

    def work(number: int) -> int:
        done.append(number)
        return number**2

    results = in_bursts(work, bursts())
    for burst in ([0, 1, 2, 3], [4], [5, 6, 7]):
        assert list(itertools.islice(results, len(burst))) == [number**2 for number in burst]
        meanwhile(0.02)
        assert taken == list(range(burst[-1] + 1))
        assert sorted(done) == taken
    assert list(results) == []


@pytest.mark.parametrize("read", [in_threads, lambda function, items: in_bursts(function, [items])])
def test_an_error_of_an_item_comes_in_its_place(read: Callable[..., Iterator[int]]) -> None:
    results = read(lambda number: 1 // number, [2, 1, 0])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
