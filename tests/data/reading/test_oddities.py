from pathlib import Path

import numpy as np
import photo_bytes as make
import pytest
from PIL import Image, ImageFilter

from apparel_eye.data.reading.oddities import oddities
from apparel_eye.data.reading.photos import in_threads


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.fault(35)
def test_one_color_is_seen_and_one_other_pixel_too() -> None:
    image = Image.new("RGB", (300, 200), (10, 200, 30))
    assert oddities(image) == ["one color"]
    image.putpixel((1, 1), (10, 200, 20))
    assert oddities(image) == []


@pytest.mark.fault(35)
@pytest.mark.parametrize("size", [(64, 64), (600, 750), (90, 70)])
def test_noise_is_seen_also_when_it_is_reduced(size: tuple[int, int]) -> None:
    for seed in range(20):
        assert oddities(noise(*size, seed)) == ["noise"]
    assert oddities(noise(8 * size[0], 8 * size[1]).reduce(8)) == ["noise"]


def test_grain_on_a_wall_and_shaded_photos_are_no_noise() -> None:
    wall = 128 + np.random.default_rng(0).normal(0, 1, (200, 200, 1)) + np.zeros(3)
    assert oddities(Image.fromarray(wall.round().astype(np.uint8))) == []
    assert oddities(Image.fromarray(make.scene(200, 200))) == []
    assert oddities(noise(64, 64).filter(ImageFilter.GaussianBlur(2))) == []


def test_no_real_photo_is_odd(shared_photos: Path) -> None:
    paths = sorted((shared_photos / "base" / "Images").glob("*/*.jpg"))[::10]

    def look(path: Path) -> list[str]:
        with Image.open(path) as image:
            image.draft("RGB", (128, 128))
            return oddities(image.convert("RGB"))

    assert len(paths) > 200
    assert [result for result in in_threads(look, paths) if result] == []
