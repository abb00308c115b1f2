import numpy as np
import pytest

from apparel_eye.chunks import slices


@pytest.mark.parametrize(
    ("num_items", "expected"), [(0, []), (2, [[0, 1]]), (3, [[0, 1, 2]]), (7, [[0, 1, 2], [3, 4, 5], [6]])]
)
def test_slices_follow_each_other_and_the_last_has_what_is_left(num_items: int, expected: list[list[int]]) -> None:
    assert list(slices(list(range(num_items)), 3)) == expected


@pytest.mark.parametrize("batch_size", [1, 4, 7, 50])
def test_batches_are_the_rows_in_order(batch_size: int) -> None:
    rows = np.array([5, 3, 9, 0, 7, 1, 2])
    made = list(slices(rows, batch_size))
    np.testing.assert_array_equal(np.concatenate(made), rows)
    assert {len(batch) for batch in made[:-1]} <= {batch_size}
