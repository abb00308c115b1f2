import pytest

from apparel_eye.slices import slices


@pytest.mark.parametrize(
    ("num_items", "expected"), [(0, []), (2, [[0, 1]]), (3, [[0, 1, 2]]), (7, [[0, 1, 2], [3, 4, 5], [6]])]
)
def test_slices_follow_each_other_and_the_last_has_what_is_left(num_items: int, expected: list[list[int]]) -> None:
    assert list(slices(list(range(num_items)), 3)) == expected
