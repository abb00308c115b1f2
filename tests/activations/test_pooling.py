import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apparel_eye.activations import pooling
from apparel_eye.networks import heads


def drawn(*shape: int) -> NDArray[np.float16]:
    return np.random.default_rng(0).normal(size=shape).astype(np.float16)


def by_cells(maps: NDArray[np.floating], cells: tuple[int, int]) -> NDArray[np.float64]:
    """Each cell averaged alone; where rows do not divide, cells begin at the row or column rounded down."""
    num_rows, num_columns = maps.shape[-2:]
    means = [
        maps[
            ...,
            row * num_rows // cells[0] : (row + 1) * num_rows // cells[0],
            column * num_columns // cells[1] : (column + 1) * num_columns // cells[1],
        ].mean(axis=(-2, -1), dtype=np.float64)
        for row in range(cells[0])
        for column in range(cells[1])
    ]
    return np.stack(means, axis=-1).reshape(*maps.shape[:2], -1)


def test_rows_are_averages_over_the_width_filter_after_filter() -> None:
    maps = np.arange(2 * 3 * 2 * 2, dtype=np.float16).reshape(1, 2, 3, 2, 2)
    found = pooling.rows(maps)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(12).reshape(1, 2, 6) * 2 + 0.5)


def test_averages_are_the_mean_of_each_filter_and_then_its_maximum() -> None:
    maps = np.arange(2 * 3 * 2 * 2, dtype=np.float16).reshape(1, 2, 3, 2, 2)
    found = pooling.averages(maps)
    assert found.dtype == np.float32
    first = 4 * np.arange(6).reshape(1, 2, 3)
    np.testing.assert_array_equal(found, np.concatenate([first + 1.5, first + 3], axis=-1))


@pytest.mark.parametrize(
    ("size", "cells"),
    [((12, 4), (6, 2)), ((16, 16), (6, 2)), ((7, 5), (6, 2)), ((4, 2), (4, 2)), ((2, 1), (2, 1)), ((13, 1), (6, 1))],
    ids=str,
)
def test_a_grid_has_six_by_two_cells_or_as_many_as_there_are_places(
    size: tuple[int, int], cells: tuple[int, int]
) -> None:
    maps = drawn(3, 2, 5, *size)
    found = pooling.grid(maps)
    assert found.dtype == np.float32
    assert found.shape == (3, 2, 5 * cells[0] * cells[1])
    expected = by_cells(maps.astype(np.float64).reshape(3, 2, 5, *size), cells)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", pooling.POOLINGS)
def test_parts_follow_each_other_to_the_last_photo(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "_CHUNK", 4)
    maps = drawn(10, 2, 3, 4, 5)
    parts = list(pooling.pool(maps, name))
    assert [(part.start, part.stop, part.num_rows) for part in parts] == [(0, 4, 10), (4, 8, 10), (8, 10, 10)]
    np.testing.assert_array_equal(np.concatenate([part.rows for part in parts]), pooling.POOLINGS[name](maps))


@pytest.mark.parametrize("name", pooling.POOLINGS)
def test_numbers_as_large_as_half_precision_has_do_not_overflow(name: str) -> None:
    largest = np.finfo(np.float16).max
    np.testing.assert_array_equal(pooling.POOLINGS[name](np.full((1, 1, 2, 3, 8), largest)), np.float32(largest))


@pytest.mark.parametrize("name", ["rows", "averages"])
def test_boosters_see_what_heads_of_networks_see(name: str) -> None:
    maps = drawn(5, 1, 3, 4, 6)
    of_networks = getattr(heads, name)(torch.from_numpy(maps[:, 0]).float())
    np.testing.assert_allclose(pooling.POOLINGS[name](maps)[:, 0], of_networks, rtol=1e-5, atol=1e-6)
