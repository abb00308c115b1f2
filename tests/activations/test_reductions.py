import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apparel_eye.activations.reductions import REDUCTIONS, signs
from apparel_eye.errors import UsageError
from apparel_eye.parameters import ExtractionParameters


@pytest.fixture
def maps() -> NDArray[np.float32]:
    """Of three photos, six filters, seven rows and five columns."""
    return np.random.default_rng(0).normal(size=(3, 6, 7, 5)).astype(np.float32)


def reduced(maps: NDArray[np.float32], extraction: ExtractionParameters, **changed: object) -> NDArray[np.float32]:
    extraction = extraction.model_copy(update=changed)
    found: NDArray[np.float32] = REDUCTIONS[extraction.reduction](torch.from_numpy(maps), extraction).numpy()
    return found


def test_map_keeps_all(maps: NDArray[np.float32], extraction: ExtractionParameters) -> None:
    np.testing.assert_array_equal(reduced(maps, extraction, reduction="map"), maps)


def test_rows_are_averages_over_the_width(maps: NDArray[np.float32], extraction: ExtractionParameters) -> None:
    expected = maps.mean(axis=3)[..., None]
    np.testing.assert_allclose(reduced(maps, extraction, reduction="rows"), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("grid", [(7, 5), (1, 1), (7, 1), (3, 2), (10, 6)])
def test_grid_has_the_average_of_each_cell(
    maps: NDArray[np.float32], extraction: ExtractionParameters, grid: tuple[int, int]
) -> None:
    def cells(number: int, side: int) -> list[slice]:
        return [slice(cell * side // number, -(-(cell + 1) * side // number)) for cell in range(number)]

    rows = [
        np.stack([maps[:, :, high, wide].mean(axis=(2, 3)) for wide in cells(grid[1], 5)], axis=-1)
        for high in cells(grid[0], 7)
    ]
    expected = np.stack(rows, axis=2)
    assert expected.shape == (3, 6, *grid)
    found = reduced(maps, extraction, reduction="grid", grid=grid)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_averages_are_those_of_all_filters_and_then_their_maxima(
    maps: NDArray[np.float32], extraction: ExtractionParameters
) -> None:
    expected = np.concatenate([maps.mean(axis=(2, 3)), maps.max(axis=(2, 3))], axis=1)[:, :, None, None]
    np.testing.assert_allclose(reduced(maps, extraction, reduction="averages"), expected, rtol=1e-5, atol=1e-6)


def test_projection_mixes_the_filters_of_each_place(
    maps: NDArray[np.float32], extraction: ExtractionParameters
) -> None:
    found = reduced(maps, extraction, reduction="projection", num_filters=4, seed=5)
    expected = np.moveaxis(np.moveaxis(maps, 1, -1) @ signs(5, 4, 6).T, -1, 1)
    assert found.shape == (3, 4, 7, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_projection_is_decided_by_its_seed_alone(maps: NDArray[np.float32], extraction: ExtractionParameters) -> None:
    one, same, other = (
        reduced(maps, extraction, reduction="projection", num_filters=4, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_signs_are_the_same_for_ever() -> None:
    """Trained heads know them. Computed once with Python"s integers, see ``randomness``."""
    found = ["".join("+" if sign > 0 else "-" for sign in row) for row in signs(1, 2, 16)]
    assert found == ["---+----+-+++++-", "++---+---+-++-++"]


def test_a_projection_keeps_lengths_on_average() -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 300))
    ratio = np.square(vectors @ signs(1, 64, 300).T).sum(axis=1) / np.square(vectors).sum(axis=1)
    assert ratio.mean() == pytest.approx(1, abs=0.05)  # its standard deviation is about sqrt(2 / 64 / 64)
    assert ratio.std() == pytest.approx((2 / 64) ** 0.5, rel=0.2)


def test_a_projection_to_more_filters_is_refused(maps: NDArray[np.float32], extraction: ExtractionParameters) -> None:
    with pytest.raises(UsageError, match=r"activations.num_filters is 7, but the level has 6 filters"):
        reduced(maps, extraction, reduction="projection", num_filters=7)
