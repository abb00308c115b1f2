import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apparel_eye.data.sizes import stage_size


def test_a_size_that_is_given_is_taken() -> None:
    assert stage_size((50, 70), heights=[3], widths=[2]) == (50, 70)


@pytest.mark.parametrize(
    ("area", "heights", "widths", "size"),
    [
        (98304, [600, 300, 900], [400, 200, 600], (384, 256)),
        (98304, [400], [600], (256, 384)),
        (50176, [512, 512, 768], [512, 512, 512], (224, 224)),
        (262144, [512], [512], (512, 512)),
        (24576, [3], [2], (192, 128)),
        (16, [3], [2], (32, 32)),
    ],
    ids=["portrait", "landscape", "median of squares", "square", "small", "smaller than the smallest"],
)
def test_an_area_gets_the_median_side_ratio(
    area: int, heights: list[int], widths: list[int], size: tuple[int, int]
) -> None:
    assert stage_size(area, heights, widths) == size


@given(st.integers(9_000, 300_000), st.floats(0.5, 2.0))
def test_sizes_are_multiples_of_32_of_about_the_area_and_the_ratio(area: int, ratio: float) -> None:
    height, width = stage_size(area, [round(1000 * ratio)], [1000])
    assert height % 32 == width % 32 == 0
    assert abs(math.log(height * width / area)) + abs(math.log(height / width / ratio)) < 0.6


@given(st.integers(9_000, 300_000), st.floats(0.5, 2.0))
def test_sizes_are_multiples_of_what_the_backbone_needs(area: int, ratio: float) -> None:
    height, width = stage_size(area, [round(1000 * ratio)], [1000], multiple=28)
    assert height % 28 == width % 28 == 0
    assert abs(math.log(height * width / area)) + abs(math.log(height / width / ratio)) < 0.6
