import pytest
import torch
from torch import Tensor
from torch.nn import functional

from apparel_eye.data.duplicates.alignment import place, similarity

WHOLE = torch.tensor([[0.0, 0.0, 1.0, 1.0]])


def textured(seed: int, num_photos: int = 6) -> Tensor:
    """Noise of four sizes of grain, shape (photos, 64, 64)."""
    generator = torch.Generator().manual_seed(seed)
    grains = [torch.rand((num_photos, 1, side, side), generator=generator) for side in (4, 8, 16, 32)]
    return 255 * torch.stack([functional.interpolate(grain, 64, mode="bicubic") for grain in grains]).mean(dim=0)[:, 0]


def test_the_whole_of_a_photo_is_the_photo() -> None:
    photos = textured(0)
    shown, inside = place(photos, WHOLE.expand(6, 4))
    torch.testing.assert_close(shown, photos)
    assert (inside == 1).all()


def test_a_frame_moved_down_shows_what_is_there_and_what_is_not() -> None:
    photos = textured(0, 1)
    shown, inside = place(photos, torch.tensor([[8 / 64, 0.0, 1.0, 1.0]]))
    torch.testing.assert_close(shown[0, :-8], photos[0, 8:])
    assert (inside[0, :-8] == 1).all()
    assert (inside[0, -8:] == 0).all()


def test_a_narrower_frame_of_a_ramp_is_a_flatter_ramp() -> None:
    ramp = torch.arange(64.0).expand(1, 64, 64)
    shown, inside = place(ramp, torch.tensor([[0.0, 0.25, 1.0, 0.5]]))
    torch.testing.assert_close(shown[0, 0], 16 + 0.5 * (torch.arange(64) + 0.5) - 0.5)
    assert (inside == 1).all()


def test_a_photo_is_most_similar_to_itself() -> None:
    photos = textured(0)
    torch.testing.assert_close(similarity(photos, photos, WHOLE.expand(6, 4)), torch.ones(6))


@pytest.mark.fault(63)
@pytest.mark.parametrize(("contrast", "brightness"), [(0.5, 90.0), (1.5, -60.0), (1.0, 40.0)])
def test_brightness_and_contrast_do_not_count(contrast: float, brightness: float) -> None:
    photos = textured(1)
    toned = contrast * photos + brightness
    assert similarity(photos, toned, WHOLE.expand(6, 4)).min() > 0.99


@pytest.mark.fault(63)
@pytest.mark.parametrize(
    "crop",
    [(0.03, 0.05, 0.92, 0.9), (0.0, 0.08, 1.0, 0.92), (0.08, 0.0, 0.9, 0.9)],
    ids=["inside", "one side", "corner"],
)
def test_a_crop_is_found_from_a_guess_nearby(crop: tuple[float, ...]) -> None:
    photos, placement = textured(2), torch.tensor(crop).expand(6, 4)
    cropped, _ = place(photos, placement)
    assert similarity(cropped, photos, placement).min() > 0.98
    assert similarity(cropped, photos, WHOLE.expand(6, 4)).min() > 0.95


@pytest.mark.fault(63)
def test_a_padded_photo_is_found_by_what_both_show() -> None:
    photos = textured(3)
    shown, inside = place(photos, torch.tensor([[-0.06, -0.04, 1.1, 1.1]]).expand(6, 4))
    padded = torch.where(inside > 0, shown, 255)
    guess = torch.tensor([[-0.04, -0.04, 1.08, 1.08]]).expand(6, 4)
    assert similarity(padded, photos, guess).min() > 0.8


def test_different_photos_are_not_similar() -> None:
    assert similarity(textured(4), textured(5), WHOLE.expand(6, 4)).max() < 0.4


def test_different_photos_of_one_coarse_shape_are_not_similar() -> None:
    generator = torch.Generator().manual_seed(0)
    shape = functional.interpolate(100 * torch.rand((1, 1, 3, 3), generator=generator), 64, mode="bicubic")[0]
    photos = [3 * shape + textured(seed) for seed in (6, 7)]
    assert torch.corrcoef(torch.stack([photo[0].flatten() for photo in photos]))[0, 1] > 0.7
    assert similarity(*photos, WHOLE.expand(6, 4)).max() < 0.4


def test_a_pair_is_judged_by_itself() -> None:
    first, second = textured(8), textured(8).roll(1, dims=0)
    second[0] = first[0]
    together = similarity(first, second, WHOLE.expand(6, 4))
    alone = [similarity(first[i : i + 1], second[i : i + 1], WHOLE) for i in range(6)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-3, rtol=0)


def test_photos_of_one_color_are_similar_to_nothing() -> None:
    flat = torch.full((6, 64, 64), 90.0)
    assert similarity(flat, textured(9), WHOLE.expand(6, 4)).abs().max() < 0.1
    assert similarity(flat, flat, WHOLE.expand(6, 4)).abs().max() < 0.1
