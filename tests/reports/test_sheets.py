from pathlib import Path

import numpy as np
import pytest
from drawn_figures import NAMES, check_layout, draw

from apparel_eye.reports.sheets import gallery, overlays

SHAPES = [(320, 213), (320, 320), (240, 320), (160, 480), (320, 120)]


@pytest.mark.parametrize(("num_photos", "num_rows"), [(1, 1), (6, 1), (7, 2), (13, 3)])
def test_the_gallery_shows_every_photo_with_its_title(tmp_path: Path, num_photos: int, num_rows: int) -> None:
    photos = [np.full((30, 20, 3), 10 * number, dtype=np.uint8) for number in range(num_photos)]
    figure = gallery(photos, [f"photo {number}" for number in range(num_photos)], "nothing")
    filled = [axes for axes in figure.axes if axes.images]
    assert [(axes.get_title(), int(axes.images[0].get_array().max())) for axes in filled] == [
        (f"photo {number}", 10 * number) for number in range(num_photos)
    ]
    assert len({axes.get_position().y0 for axes in figure.axes}) == num_rows
    assert figure.get_suptitle() == ""
    draw(figure, tmp_path)


def test_an_empty_gallery_says_so(tmp_path: Path) -> None:
    figure = gallery([], [], "no mistake")
    assert figure.get_suptitle() == "no mistake"
    assert not any(axes.images for axes in figure.axes)
    draw(figure, tmp_path)


@pytest.mark.parametrize("num_photos", [1, 7])
def test_each_photo_has_its_own_heat_map_over_it(tmp_path: Path, num_photos: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (num_photos, 30, 20, 3), dtype=np.uint8)
    maps = np.random.default_rng(1).random((num_photos, 30, 20), dtype=np.float32)
    titles = [f"photo {number}" for number in range(num_photos)]
    figure = overlays(pixels, maps, titles, "nothing")
    filled = [axes for axes in figure.axes if len(axes.images) == 2]
    assert [axes.get_title() for axes in filled] == titles
    np.testing.assert_array_equal([axes.images[0].get_array() for axes in filled], pixels)
    np.testing.assert_array_equal([axes.images[1].get_array() for axes in filled], maps)
    for axes in filled:
        assert axes.images[0].get_extent() == axes.images[1].get_extent()
    assert figure.get_suptitle() == ""
    draw(figure, tmp_path)


def test_heat_hides_no_photo_and_shows_alike_in_all_of_them() -> None:
    pixels = np.zeros((3, 1, 5, 3), dtype=np.uint8)
    maps = np.stack([np.zeros((1, 5)), np.full((1, 5), 0.2), np.linspace(0, 1, 5)[None]])
    cold, mild, rising = (axes.images[1] for axes in overlays(pixels, maps, ["", "", ""], "").axes[:3])
    opacity = rising.to_rgba(rising.get_array())[0, :, 3]
    assert (cold.to_rgba(cold.get_array())[..., 3] == 0).all()
    assert (np.diff(opacity) > 0).all()
    assert opacity.max() < 0.8
    np.testing.assert_array_equal(mild.to_rgba(0.2), rising.to_rgba(0.2))


def test_no_overlays_say_so(tmp_path: Path) -> None:
    figure = overlays(np.zeros((0, 30, 20, 3), dtype=np.uint8), np.zeros((0, 30, 20)), [], "no mistake")
    assert figure.get_suptitle() == "no mistake"
    assert not any(axes.images for axes in figure.axes)
    draw(figure, tmp_path)


@pytest.mark.parametrize("num_photos", [1, 5, 12, 24])
def test_photos_of_any_shape_and_their_titles_lie_apart(num_photos: int) -> None:
    photos = [np.zeros((*SHAPES[number % 5], 3), dtype=np.uint8) for number in range(num_photos)]
    titles = [f"{NAMES[number]}\nas {NAMES[2 * number + 1]}, {99 - number}%" for number in range(num_photos)]
    figure = gallery(photos, titles, "nothing")
    check_layout(figure, max_pixels=(1254, 350 * -(-num_photos // 6)))
    shown = [axes.get_title() for axes in figure.axes]
    assert [title.endswith(f", {99 - number}%") for number, title in enumerate(shown)] == [True] * num_photos
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[place + 1 :])


@pytest.mark.parametrize("num_photos", [1, 12])
def test_what_a_heat_map_shows_is_said_whole(num_photos: int) -> None:
    pixels = np.zeros((num_photos, 96, 64, 3), dtype=np.uint8)
    figure = overlays(pixels, np.ones((num_photos, 96, 64), dtype=np.float32), NAMES[:num_photos], "nothing")
    check_layout(figure, max_pixels=(1400, 350 * -(-num_photos // 6)))


@pytest.mark.parametrize("columns", [6, 18, 24])
def test_very_many_photos_are_smaller(columns: int) -> None:
    photos = [np.zeros((240, 160, 3), dtype=np.uint8)] * (4 * columns)
    check_layout(gallery(photos, NAMES[: 4 * columns], "nothing", columns=columns), max_pixels=(2300, 1400))
