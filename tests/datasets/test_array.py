from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apparel_eye.chunks import ArrayChunk
from apparel_eye.datasets import ArrayDataset

WHOLE = np.random.default_rng(0).integers(0, 256, (10, 3, 2), dtype=np.uint8)


def parts_of(whole: Any, cuts: Sequence[int]) -> list[ArrayChunk]:
    starts, stops = [0, *cuts], [*cuts, len(whole)]
    return [ArrayChunk(start, len(whole), whole[start:stop]) for start, stop in zip(starts, stops, strict=True)]


@pytest.fixture
def dataset(tmp_path: Path) -> ArrayDataset:
    return ArrayDataset(str(tmp_path / "array.npy"))


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.int64, np.bool_])
@pytest.mark.parametrize("shape", [(4,), (3, 2), (0, 5)])
def test_an_array_comes_back_with_its_type_and_shape(
    dataset: ArrayDataset, dtype: type, shape: tuple[int, ...]
) -> None:
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    dataset.save(array)
    loaded = dataset.load()
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded, array, strict=True)


@pytest.mark.parametrize("cuts", [(), (5,), (1, 2, 9)])
def test_parts_make_the_whole(dataset: ArrayDataset, cuts: Sequence[int], tmp_path: Path) -> None:
    for part in parts_of(WHOLE, cuts):
        dataset.save(part)
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".seals", "array.npy"]


def test_parts_that_do_not_end_leave_the_old_array(dataset: ArrayDataset) -> None:
    dataset.save(WHOLE)
    for part in parts_of(WHOLE + 1, (3, 6))[:2]:
        dataset.save(part)
        np.testing.assert_array_equal(dataset.load(), WHOLE)


def test_no_rows_at_the_end_leave_the_array_as_it_is(dataset: ArrayDataset, tmp_path: Path) -> None:
    dataset.save(WHOLE)
    before = (tmp_path / "array.npy").stat()
    dataset.save(ArrayChunk(len(WHOLE), len(WHOLE), WHOLE[:0]))
    assert (tmp_path / "array.npy").stat() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".seals", "array.npy"]


def test_parts_begin_anew_after_parts_of_another_shape_that_did_not_end(dataset: ArrayDataset) -> None:
    dataset.save(parts_of(np.zeros((20, 7)), (15,))[0])
    for part in parts_of(WHOLE, (4,)):
        dataset.save(part)
    np.testing.assert_array_equal(dataset.load(), WHOLE, strict=True)


def test_a_loaded_array_is_mapped_and_cannot_be_changed(dataset: ArrayDataset) -> None:
    dataset.save(WHOLE)
    loaded = dataset.load()
    assert isinstance(loaded, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded[0] = 1


def test_an_array_that_is_being_read_is_not_changed_by_the_next_save(dataset: ArrayDataset) -> None:
    dataset.save(WHOLE)
    loaded = dataset.load()
    dataset.save(WHOLE + 1)
    np.testing.assert_array_equal(loaded, WHOLE)
    np.testing.assert_array_equal(dataset.load(), WHOLE + 1)


def test_objects_are_refused_since_they_would_need_pickle(dataset: ArrayDataset, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"[Oo]bject|pickle"):
        dataset.save(np.array([{}, []], dtype=object))
    assert not dataset.exists()
