import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from waiting import meanwhile

from apparel_eye.data.batches import read, read_ahead, to_half

BATCHES = [np.array([number]) for number in range(10)]


def test_rows_are_copied_out_of_the_array() -> None:
    pixels = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
    photos = read(pixels, np.array([2, 0]), torch.device("cpu"))
    np.testing.assert_array_equal(photos, pixels[[2, 0]])
    photos.zero_()
    assert pixels.sum() == sum(range(72))


@pytest.mark.parametrize("num_threads", [0, 1, 2, 3, 20])
def test_what_is_read_ahead_comes_in_order(num_threads: int) -> None:
    def slowly(rows: NDArray[np.intp]) -> torch.Tensor:
        meanwhile(0.002 * (int(rows[0]) % 3))
        return torch.from_numpy(rows) * 2

    found = [int(tensor) for tensor in read_ahead(slowly, BATCHES, num_threads)]
    assert found == [2 * number for number in range(10)]


@pytest.mark.parametrize("num_threads", [0, 1, 3])
def test_no_more_is_read_ahead_than_threads_hold(num_threads: int) -> None:
    taken: list[int] = []

    def rows() -> Iterator[NDArray[np.intp]]:
        for batch in BATCHES:
            taken.append(int(batch[0]))
            yield batch

    for number, _ in enumerate(read_ahead(torch.from_numpy, rows(), num_threads), start=1):
        assert len(taken) <= number + num_threads
    assert taken == list(range(10))


@pytest.mark.parametrize("num_threads", [0, 2])
def test_an_error_while_reading_comes_where_its_batch_would(num_threads: int) -> None:
    def failing(rows: NDArray[np.intp]) -> torch.Tensor:
        if rows[0] == 3:
            raise OSError("the disk fails")
        return torch.from_numpy(rows)

    found: list[torch.Tensor] = []
    with pytest.raises(OSError, match="the disk fails"):
        found.extend(read_ahead(failing, BATCHES, num_threads))
    assert [int(tensor) for tensor in found] == [0, 1, 2]


def test_no_thread_is_left_where_reading_ends_early() -> None:
    before = threading.active_count()
    reading = read_ahead(torch.from_numpy, BATCHES, 3)
    next(reading)
    reading.close()
    assert threading.active_count() == before


def test_numbers_beyond_half_precision_become_its_largest() -> None:
    halves = to_half(torch.tensor([1e6, -1e6, 0.5]))
    assert halves.tolist() == [65504, -65504, 0.5]
    assert halves.dtype == torch.float16
