import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apparel_eye.data.duplicates.frequencies import (
    CROPS,
    INVERSE,
    ORIENTATIONS,
    orient,
    orient_signatures,
    signatures_of,
)

ALL = torch.arange(8)


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (8, 64, 64), dtype=np.uint8)


def wave(rows: int, columns: int) -> NDArray[np.uint8]:
    """A photo of one frequency, shape (1, 64, 64)."""
    position = (np.arange(64) + 0.5) * np.pi / 64
    return (128 + 100 * np.outer(np.cos(rows * position), np.cos(columns * position)))[None].round().astype(np.uint8)


@pytest.mark.parametrize(("rows", "columns"), [(0, 1), (3, 0), (7, 2)])
def test_a_pure_wave_has_one_coefficient(rows: int, columns: int) -> None:
    whole = signatures_of(wave(rows, columns), np.arange(1))[0, 0]
    assert whole.argmax() == 8 * rows + columns
    assert whole.max() > 0.999


def test_brightness_and_contrast_do_not_count(noise: NDArray[np.uint8]) -> None:
    darker = (noise // 2 + 40).astype(np.uint8)
    rows = np.arange(8)
    agreement = (signatures_of(noise, rows) * signatures_of(darker, rows)).sum(dim=2)
    assert agreement.min() > 0.999


def test_a_photo_of_one_color_is_like_no_other() -> None:
    assert signatures_of(np.full((1, 64, 64), 77, np.uint8), np.arange(1)).abs().max() < 1e-3


def test_signatures_are_of_the_rows_asked_for(noise: NDArray[np.uint8]) -> None:
    many = np.concatenate([noise] * 140)  # more than are read at a time
    rows = np.array([3, 5, 1100])
    expected = signatures_of(noise, np.arange(8))[rows % 8]
    torch.testing.assert_close(signatures_of(many, rows), expected)
    assert len(signatures_of(many, np.arange(len(many)))) == len(many)
    torch.testing.assert_close(signatures_of(many, np.arange(len(many)))[rows], expected)


def test_turning_a_signature_is_the_signature_of_the_turned_photo(noise: NDArray[np.uint8]) -> None:
    turned = orient(torch.from_numpy(noise), ALL).numpy()
    signatures = signatures_of(noise, np.arange(8))[:, 0]
    torch.testing.assert_close(orient_signatures(signatures, ALL), signatures_of(turned, np.arange(8))[:, 0])


def test_the_inverse_undoes_each_orientation(noise: NDArray[np.uint8]) -> None:
    photos = torch.from_numpy(noise)
    torch.testing.assert_close(orient(orient(photos, ALL), torch.tensor(INVERSE)), photos)


def test_the_eight_orientations_are_all_different(noise: NDArray[np.uint8]) -> None:
    same = torch.from_numpy(noise[:1]).expand(8, 64, 64)
    assert len({photo.numpy().tobytes() for photo in orient(same, ALL)}) == 8


def test_orientations_are_named_by_what_they_do_to_directions(noise: NDArray[np.uint8]) -> None:
    photo = torch.from_numpy(noise[0])
    quarters = [torch.rot90(photo, turns) for turns in range(4)]
    for number, name in enumerate(ORIENTATIONS):
        oriented = orient(photo[None], torch.tensor([number]))[0]
        turned = any(torch.equal(oriented, quarter) for quarter in quarters)
        expected = {"upright", "turned"} if turned else {"mirrored", "mirrored and turned"}
        assert name in expected
    assert ORIENTATIONS[0] == "upright"
    assert torch.equal(orient(photo[None], torch.tensor([ORIENTATIONS.index("mirrored")]))[0], photo.fliplr())


def test_crops_lie_inside_the_photo() -> None:
    top, left, height, width = CROPS.unbind(1)
    assert CROPS[0].tolist() == [0, 0, 1, 1]
    assert min(top.min(), left.min()) >= 0
    assert max((top + height).max(), (left + width).max()) <= 1 + 1e-6


def test_a_crop_has_the_signature_of_the_cropped_photo() -> None:
    """The photo is a ramp of waves, so what a crop shows is known in closed form."""
    top, left, height, width = CROPS[1:].unbind(1)
    position = (torch.arange(64) + 0.5) / 64
    for number, (start, first, rows, columns) in enumerate(zip(top, left, height, width, strict=True), start=1):
        whole, cropped = picture(position, position), picture(start + rows * position, first + columns * position)
        found = signatures_of(whole, np.arange(1))[0, number]
        assert found @ signatures_of(cropped, np.arange(1))[0, 0] > 0.999


def picture(rows: torch.Tensor, columns: torch.Tensor) -> NDArray[np.uint8]:
    grey = 128 + 60 * torch.sin(5 * rows[:, None] + 9 * columns) + 50 * torch.cos(11 * rows[:, None] - 4 * columns)
    return grey.round().to(torch.uint8).numpy()[None]
