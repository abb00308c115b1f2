import colorsys

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from apparel_eye.data import randomness, transforms
from apparel_eye.data.transforms import Transforms, render, render_each
from apparel_eye.parameters import AugmentationParameters


def only(num_photos: int, **attributes: float | bool) -> Transforms:
    """The same view of all photos; what is not named is as in the plain photo."""
    plain = vars(transforms.plain(num_photos))
    return Transforms(**{name: np.full(num_photos, attributes.get(name, plain[name][0])) for name in plain})


def photos_of(height: int, width: int) -> Tensor:
    """Three photos of noise."""
    return torch.randint(0, 256, (3, height, width, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def as_floats(pixels: Tensor) -> Tensor:
    return pixels.permute(0, 3, 1, 2).float() / 255


def disc(height: int, width: int, row: float, column: float, radius: float) -> Tensor:
    """A white disc on black; row and column from the center, in pixels."""
    rows = torch.arange(height)[:, None] - (height - 1) / 2 - row
    columns = torch.arange(width)[None, :] - (width - 1) / 2 - column
    inside = ((rows**2 + columns**2).sqrt() < radius).to(torch.uint8) * 255
    return inside[None, :, :, None].expand(1, height, width, 3)


def moments(photo: Tensor) -> dict[str, float]:
    """Of the brightness of one photo (1, 3, H, W): its center, from the photo's center, and its spread, in pixels."""
    weight = photo[0, 0].double() / photo[0, 0].sum()
    height, width = weight.shape
    rows, columns = torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2
    row, column = float((weight.sum(1) * rows).sum()), float((weight.sum(0) * columns).sum())
    return {
        "row": row,
        "column": column,
        "spread of rows": float((weight.sum(1) * (rows - row) ** 2).sum()) ** 0.5,
        "spread of columns": float((weight.sum(0) * (columns - column) ** 2).sum()) ** 0.5,
    }


def test_plain_view_is_the_photo_in_units_of_the_full_range() -> None:
    pixels = photos_of(12, 8)
    torch.testing.assert_close(render(pixels, transforms.plain(3)), as_floats(pixels), rtol=0, atol=0)


def test_views_of_a_batch_are_those_rendered_one_by_one() -> None:
    pixels = photos_of(12, 8)
    all_views = [
        transforms.plain(3),
        only(3, contrast=1.2, brightness=0.1),
        only(3, mirrored=True),
        only(3, zoom=1.1, rotation=5.0, contrast=0.9),
        transforms.plain(3),
    ]
    together = list(render_each(pixels, all_views))
    for found, view in zip(together, all_views, strict=True):
        assert torch.equal(found, render(pixels, view))


def test_rendering_leaves_the_pixels_as_they_were() -> None:
    pixels = photos_of(12, 8)
    before = pixels.clone()
    render(pixels, only(3, zoom=1.1, rotation=5.0, brightness=0.1))
    assert torch.equal(pixels, before)


def test_mirrored_view_is_the_flipped_photo() -> None:
    pixels = photos_of(12, 8)
    torch.testing.assert_close(
        render(pixels, transforms.plain(3, mirrored=True)), as_floats(pixels).flip(-1), rtol=0, atol=0
    )


def test_each_photo_is_mirrored_for_itself() -> None:
    pixels = photos_of(12, 8)
    drawn = Transforms(**{**vars(transforms.plain(3)), "mirrored": np.array([True, False, True])})
    seen, photos = render(pixels, drawn), as_floats(pixels)
    torch.testing.assert_close(seen, torch.stack([photos[0].flip(-1), photos[1], photos[2].flip(-1)]), rtol=0, atol=0)


def test_mirroring_is_the_same_with_and_without_interpolation() -> None:
    pixels = photos_of(12, 8)
    turned = render(pixels, only(3, rotation=360.0, mirrored=True))
    torch.testing.assert_close(turned, as_floats(pixels).flip(-1), rtol=0, atol=1e-4)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_rotation_by_quarters_turns_a_square_counterclockwise(quarters: int) -> None:
    pixels = photos_of(10, 10)
    turned = render(pixels, only(3, rotation=90.0 * quarters))
    torch.testing.assert_close(turned, as_floats(pixels).rot90(quarters, dims=(2, 3)), rtol=0, atol=1e-4)


def test_a_photo_is_rotated_before_it_is_mirrored() -> None:
    pixels = photos_of(10, 10)
    turned = render(pixels, only(3, rotation=90.0, mirrored=True))
    torch.testing.assert_close(turned, as_floats(pixels).rot90(1, dims=(2, 3)).flip(-1), rtol=0, atol=1e-4)


@pytest.mark.parametrize("side_ratio", [(64, 48), (48, 64)], ids=["portrait", "landscape"])
def test_rotation_keeps_circles_round_and_distances(side_ratio: tuple[int, int]) -> None:
    before = moments(as_floats(disc(*side_ratio, row=-6.0, column=0.0, radius=5)))
    after = moments(render(disc(*side_ratio, row=-6.0, column=0.0, radius=5), only(1, rotation=90.0)))
    assert after["column"] == pytest.approx(before["row"], abs=0.05)  # what was above is now at the left
    assert after["row"] == pytest.approx(0, abs=0.05)
    assert after["spread of rows"] == pytest.approx(before["spread of rows"], rel=0.02)
    assert after["spread of columns"] == pytest.approx(before["spread of columns"], rel=0.02)


def test_zoom_of_two_shows_the_center_twice_as_large() -> None:
    pixels = photos_of(16, 12)
    twice = functional.interpolate(as_floats(pixels), scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(render(pixels, only(3, zoom=2.0)), twice[:, :, 8:24, 6:18], rtol=0, atol=1e-5)


def test_brightness_is_added_and_contrast_stretches_about_the_photos_mean() -> None:
    pixels = photos_of(12, 8)
    photos = as_floats(pixels)
    mean = photos.mean(dim=(1, 2, 3), keepdim=True)
    expected = ((photos - mean) * 1.2 + mean + 0.1).clamp(0, 1)
    torch.testing.assert_close(render(pixels, only(3, contrast=1.2, brightness=0.1)), expected)


@pytest.mark.parametrize("turns", [-0.5, -0.07, 0.05, 1 / 3, 0.5])
def test_hues_are_turned_as_colorsys_turns_them(turns: float) -> None:
    pixels = photos_of(12, 8)
    pixels[0, :, 0] = 77  # gray
    pixels[0, :, 1] = torch.tensor([0, 255, 255], dtype=torch.uint8)  # two channels are lightest
    expected = []
    for red, green, blue in (pixels.double() / 255).reshape(-1, 3).tolist():
        hue, saturation, lightest = colorsys.rgb_to_hsv(red, green, blue)
        expected.append(colorsys.hsv_to_rgb((hue + turns) % 1, saturation, lightest))
    found = render(pixels, only(3, hue=turns)).permute(0, 2, 3, 1).reshape(-1, 3)
    torch.testing.assert_close(found.double(), torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-6)


def test_each_photos_hue_is_turned_for_itself() -> None:
    pixels = photos_of(12, 8)
    drawn = Transforms(**{**vars(transforms.plain(3)), "hue": np.array([0.2, 0.0, -0.3])})
    seen = render(pixels, drawn)
    for photo, turns in enumerate((0.2, 0.0, -0.3)):
        torch.testing.assert_close(seen[photo], render(pixels, only(3, hue=turns))[photo])


def test_views_with_turned_hues_are_otherwise_those_without(augmentation: AugmentationParameters) -> None:
    photos, turned = np.arange(4000), augmentation.model_copy(update={"max_hue": 0.1})
    before, after = (vars(transforms.draw(1, 0, photos, drawn)) for drawn in (augmentation, turned))
    assert all(np.array_equal(after[name], before[name]) for name in before if name != "hue")
    assert not before["hue"].any()
    assert -0.1 <= after["hue"].min() < -0.099
    assert 0.099 < after["hue"].max() <= 0.1
    fixed = [transforms.draw_for_test(1, photos[:9], 8, 4, drawn) for drawn in (augmentation, turned)]
    for one, other in zip(*fixed, strict=True):
        assert all(np.array_equal(vars(one)[name], vars(other)[name]) for name in before if name != "hue")


def test_the_first_numbers_of_a_photo_do_not_depend_on_how_many_it_gets() -> None:
    """So that a transform more leaves the draws of all others as they are."""
    few, many = (randomness.uniform(3, 2, np.arange(50), draws) for draws in (6, transforms._DRAWS))
    assert np.array_equal(many[:, :6], few)


def test_drawn_views_stay_in_range(augmentation: AugmentationParameters) -> None:
    seen = render(photos_of(12, 8), transforms.draw(1, 0, np.arange(3), augmentation))
    assert seen.shape == (3, 3, 12, 8)
    assert 0 <= seen.min() <= seen.max() <= 1


def test_views_are_drawn_from_the_whole_ranges_and_no_further(augmentation: AugmentationParameters) -> None:
    drawn = transforms.draw(1, 0, np.arange(4000), augmentation)
    for numbers, low, high in [
        (drawn.zoom, 1.0, 1.1),
        (drawn.rotation, -10, 10),
        (drawn.brightness, -0.05, 0.05),
        (drawn.contrast, 0.95, 1.05),
    ]:
        assert low <= numbers.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < numbers.max() <= high
    assert (drawn.zoom != 1).mean() == pytest.approx(0.75, abs=0.03)
    assert drawn.mirrored.mean() == pytest.approx(0.5, abs=0.03)


def test_nothing_is_zoomed_where_the_zoom_is_one(augmentation: AugmentationParameters) -> None:
    drawn = transforms.draw(1, 0, np.arange(100), augmentation.model_copy(update={"max_zoom": 1.0}))
    np.testing.assert_array_equal(drawn.zoom, 1.0)


def test_a_photos_view_does_not_depend_on_the_other_photos(augmentation: AugmentationParameters) -> None:
    together, alone = (transforms.draw(1, 3, photos, augmentation) for photos in ([4, 8, 6], [8]))
    assert {name: numbers[1] for name, numbers in vars(together).items()} == {
        name: numbers[0] for name, numbers in vars(alone).items()
    }


def test_views_at_test_time_are_different_ones_of_a_fixed_number(augmentation: AugmentationParameters) -> None:
    drawn = transforms.draw_for_test(1, np.arange(200), 8, 4, augmentation)
    rotations = np.stack([view.rotation for view in drawn], axis=1)
    assert rotations.shape == (200, 4)
    assert all(len(set(of_photo)) == 4 for of_photo in rotations.tolist())
    counts = np.unique(rotations, return_counts=True)[1]
    assert len(counts) == 8
    assert counts.sum() / 8 == pytest.approx(counts, rel=0.25)


def test_views_at_test_time_depend_on_nothing_but_the_photos_identity(augmentation: AugmentationParameters) -> None:
    together = transforms.draw_for_test(1, [2**63 + 5, 7], 8, 4, augmentation)
    alone = transforms.draw_for_test(1, [7], 8, 4, augmentation)
    for view, of_alone in zip(together, alone, strict=True):
        assert [numbers[1] for numbers in vars(view).values()] == [numbers[0] for numbers in vars(of_alone).values()]


def test_no_views_are_drawn_at_test_time_where_none_are_wanted(augmentation: AugmentationParameters) -> None:
    assert transforms.draw_for_test(1, [7], 0, 0, augmentation) == []


def test_examples_are_what_training_sees_photo_after_photo(augmentation: AugmentationParameters) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 12, 8, 3), dtype=np.uint8)
    rows = np.array([4, 1])
    seen = transforms.examples(pixels, rows, seed=7, num_epochs=3, augmentation=augmentation)
    assert seen.shape == (6, 12, 8, 3)
    assert seen.dtype == np.uint8
    for number, row in enumerate(rows):
        for epoch in range(3):
            drawn = transforms.draw(7, epoch, [row], augmentation)
            (expected,) = render(torch.from_numpy(pixels[[row]]), drawn)
            found = torch.from_numpy(seen[3 * number + epoch]).permute(2, 0, 1) / 255
            torch.testing.assert_close(found, expected, rtol=0, atol=0.5 / 255 + 1e-5)
