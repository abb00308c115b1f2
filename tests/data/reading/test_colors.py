import numpy as np
import photo_bytes as make
import pytest
from PIL import Image

from apparel_eye.data.reading.colors import as_rgb
from apparel_eye.data.reading.verdicts import PhotoError

SCENE = make.scene()


def test_colors_of_8_bits_are_not_even_copied() -> None:
    image = Image.fromarray(SCENE)
    rgb, fixes = as_rgb(image, "white")
    assert rgb is image
    assert fixes == []


@pytest.mark.fault(25)
def test_16_bits_are_rounded_to_the_next_of_8() -> None:
    ramp = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    rgb, fixes = as_rgb(Image.fromarray(ramp), "white")
    assert fixes == ["16 bit"]
    assert abs(np.asarray(rgb) * 257.0 - ramp[..., None]).max() <= 128


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    ("ink", "color"),
    [((0, 0, 0, 0), (255, 255, 255)), ((0, 255, 255, 0), (255, 0, 0)), ((0, 0, 0, 255), (0, 0, 0))],
    ids=["no ink", "red", "black"],
)
def test_inks_without_a_profile_take_their_colors_away(ink: tuple[int, ...], color: tuple[int, ...]) -> None:
    rgb, fixes = as_rgb(Image.new("CMYK", (16, 16), ink), "white")
    assert (rgb.getpixel((3, 3)), fixes) == (color, ["cmyk"])


@pytest.mark.fault(21, 28)
def test_a_profile_is_for_the_photo_and_not_for_the_ground() -> None:
    image = Image.fromarray(np.dstack([SCENE, np.full(SCENE.shape[:2], 255, np.uint8)]))
    image.paste((0, 0, 0, 0), (0, 0, 8, 8))
    image.info["icc_profile"] = make.profile(make.DISPLAY_P3, 2.2)
    rgb, fixes = as_rgb(image, "#102030")
    assert sorted(fixes) == ["color profile", "transparency"]
    assert rgb.getpixel((0, 0)) == (16, 32, 48)
    expected = make.seen(SCENE, make.DISPLAY_P3, 2.2).astype(int)
    assert abs(np.asarray(rgb) - expected)[8:, 8:].max() <= 2


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    ("values", "level"),
    [(np.float32([0, 1]), 255), (np.float32([0, 200]), 200), (np.int32([0, 200]), 200), (np.int32([0, 25_700]), 100)],
)
def test_ranges_tell_how_numbers_are_meant(values: np.ndarray, level: int) -> None:
    assert as_rgb(Image.fromarray(values[None]), "white")[0].getpixel((1, 0)) == (level,) * 3


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    "value", [np.float32("nan"), np.float32("inf"), np.float32(-1), np.int32(-1), np.int32(65_536)]
)
def test_numbers_in_no_known_range_are_refused(value: np.generic) -> None:
    with pytest.raises(PhotoError) as caught:
        as_rgb(Image.fromarray(np.full((4, 4), value)), "white")
    assert caught.value.reason == "value range"
