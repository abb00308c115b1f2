import numpy as np
import photo_bytes as make
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from apparel_eye.data.reading.profiles import to_srgb

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LEVELS = np.arange(0, 256, 51, dtype=np.uint8)
CUBE = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS), axis=-1).reshape(18, 12, 3)


def lab(pixels: NDArray[np.uint8]) -> NDArray[np.floating]:
    """CIELAB of sRGB pixels, by the formulas (CIE 15:2004)."""
    encoded = pixels / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array(make.SRGB) / (0.9642, 1, 0.8249)
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.floating]:
    """Delta E 1976."""
    return np.linalg.norm(lab(one) - lab(other), axis=-1)


@pytest.mark.fault(28)
@pytest.mark.parametrize("primaries", [make.DISPLAY_P3, make.ADOBE_RGB], ids=["Display P3", "Adobe RGB"])
def test_wide_colors_become_those_of_the_formulas(primaries: tuple[tuple[float, float, float], ...]) -> None:
    converted, fixes = to_srgb(Image.fromarray(CUBE), make.profile(primaries, 2.2))
    expected = make.seen(CUBE, primaries, 2.2)
    assert fixes == ["color profile"]
    assert distance(np.asarray(converted), expected).max() < 2.5
    assert distance(CUBE, expected).max() > 10


@pytest.mark.fault(28)
def test_srgb_changes_nothing_and_copies_nothing() -> None:
    image = Image.fromarray(CUBE)
    for profile in (SRGB, b""):
        converted, fixes = to_srgb(image, profile)
        assert converted is image
        assert fixes == []


@pytest.mark.fault(28)
@pytest.mark.parametrize(
    ("mode", "profile"),
    [("RGB", b"no profile"), ("RGB", SRGB[:150]), ("CMYK", SRGB), ("RGB", SRGB + bytes(4_000_000))],
    ids=["garbage", "cut", "colors for inks", "long"],
)
def test_invalid_profiles_are_ignored(mode: str, profile: bytes) -> None:
    image = Image.fromarray(CUBE).convert(mode)
    converted, fixes = to_srgb(image, profile)
    assert fixes == ["bad profile"]
    np.testing.assert_array_equal(np.asarray(converted), np.asarray(image.convert("RGB")))


def test_gray_photos_may_have_a_profile_for_colors() -> None:
    gray = Image.fromarray(CUBE[..., 0])
    assert to_srgb(gray, SRGB)[1] == []
    converted, fixes = to_srgb(gray, make.profile(make.DISPLAY_P3, 1.0))
    assert fixes == ["color profile"]
    expected = make.seen(np.dstack([CUBE[..., 0]] * 3), make.DISPLAY_P3, 1.0)
    assert distance(np.asarray(converted), expected).max() < 2.5


@pytest.mark.fault(24)
def test_inks_become_what_their_profile_says() -> None:
    colors = {(0, 0, 0, 0): (255, 128, 128), (1, 0, 0, 0): (150, 112, 108), (0, 1, 0, 0): (130, 180, 120)}
    corners = np.zeros((2, 2, 2, 2, 3), np.uint8) + np.uint8([0, 128, 128])
    for inks, color in colors.items():
        corners[inks] = color
    image = Image.fromarray(255 * np.array([list(colors)], dtype=np.uint8), "CMYK")
    converted, fixes = to_srgb(image, make.ink_profile(corners))
    assert fixes == ["color profile"]
    stored = np.array(list(colors.values()))
    expected = np.stack([stored[:, 0] * 100 / 255, stored[:, 1] - 128, stored[:, 2] - 128], axis=-1)
    assert np.linalg.norm(lab(np.asarray(converted)[0]) - expected, axis=-1).max() < 2.5
