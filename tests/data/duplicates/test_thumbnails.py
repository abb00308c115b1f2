from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from apparel_eye.data.duplicates.thumbnails import SIDE, thumbnail


def busy_photo(width: int = 150, height: int = 200) -> Image.Image:
    """Soft noise, no line of it of one color."""
    noise = np.random.default_rng(0).integers(0, 256, (20, 15, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def squashed(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX))


def test_a_photo_without_padding_is_only_made_grey_and_squashed() -> None:
    photo = busy_photo()
    np.testing.assert_array_equal(thumbnail(photo), squashed(photo))


@pytest.mark.fault(63)
@pytest.mark.parametrize("color", ["white", "black", (200, 30, 90)])
@pytest.mark.parametrize("border", [(15, 20, 15, 20), (0, 20, 0, 0), (15, 0, 0, 0), (3, 0, 7, 1)])
def test_padding_by_a_tenth_or_less_leaves_no_trace(border: tuple[int, ...], color: str | tuple[int, ...]) -> None:
    photo = busy_photo()
    np.testing.assert_array_equal(thumbnail(ImageOps.expand(photo, border, color)), thumbnail(photo))


@pytest.mark.fault(63)
def test_padding_is_found_after_compression(tmp_path: Path) -> None:
    photo = busy_photo(450, 600)
    padded = ImageOps.expand(photo, (45, 60, 45, 60), "white")
    padded.save(tmp_path / "padded.jpg", quality=75)
    left_over, untouched = (
        abs(found.astype(int) - thumbnail(photo)).mean()
        for found in (thumbnail(Image.open(tmp_path / "padded.jpg")), squashed(padded))
    )
    assert left_over < 0.1 * untouched


def test_a_natural_border_loses_no_more_than_12_percent_a_side() -> None:
    photo = ImageOps.expand(busy_photo(40, 40), 30, "white")
    np.testing.assert_array_equal(thumbnail(photo), squashed(photo.crop((12, 12, 88, 88))))


def test_a_shaded_border_is_no_padding() -> None:
    photo = Image.fromarray(np.add.outer(np.arange(100), np.arange(100)).astype(np.uint8))
    np.testing.assert_array_equal(thumbnail(photo), squashed(photo))


@pytest.mark.parametrize("size", [(1, 1), (3, 300), (16, 16)])
def test_a_photo_of_one_color_stays_so_in_any_size(size: tuple[int, int]) -> None:
    assert (thumbnail(Image.new("RGB", size, (90, 90, 90))) == 90).all()
