import numpy as np
import pytest
import torch

from apparel_eye.boosting import pooling
from apparel_eye.vision import heads


def test_rows_are_averages_over_the_width_filter_after_filter() -> None:
    maps = np.arange(2 * 3 * 2 * 2, dtype=np.float16).reshape(1, 2, 3, 2, 2)
    (part,) = pooling.rows(maps)
    assert part.rows.dtype == np.float32
    np.testing.assert_array_equal(part.rows, np.arange(12).reshape(1, 2, 6) * 2 + 0.5)


def test_parts_follow_each_other_to_the_last_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "_PART", 4)
    maps = np.random.default_rng(0).normal(size=(10, 2, 3, 4, 5)).astype(np.float16)
    parts = list(pooling.rows(maps))
    assert [(part.start, part.stop, part.num_rows) for part in parts] == [(0, 4, 10), (4, 8, 10), (8, 10, 10)]
    by_hand = maps.astype(np.float32).mean(axis=4).reshape(10, 2, 12)
    np.testing.assert_allclose(np.concatenate([part.rows for part in parts]), by_hand, rtol=1e-6)


def test_numbers_as_large_as_half_precision_has_do_not_overflow() -> None:
    largest = np.finfo(np.float16).max
    (part,) = pooling.rows(np.full((1, 1, 2, 3, 8), largest))
    np.testing.assert_array_equal(part.rows, np.float32(largest))


def test_boosters_see_the_rows_that_heads_of_networks_see() -> None:
    maps = np.random.default_rng(0).normal(size=(5, 1, 3, 4, 6)).astype(np.float16)
    (part,) = pooling.rows(maps)
    np.testing.assert_allclose(part.rows[:, 0], heads.rows(torch.from_numpy(maps[:, 0]).float()), rtol=1e-5, atol=1e-6)
