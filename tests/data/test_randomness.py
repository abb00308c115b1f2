import numpy as np
import pytest

from apparel_eye.data import transforms
from apparel_eye.data.randomness import order, uniform
from apparel_eye.parameters import AugmentationParameters


def test_numbers_of_a_photo_do_not_depend_on_the_other_photos() -> None:
    together = uniform(1, 3, [5, 2**63, 7], 4)
    np.testing.assert_array_equal(together[[1]], uniform(1, 3, [2**63], 4))
    np.testing.assert_array_equal(together[::-1], uniform(1, 3, [7, 2**63, 5], 4))


def test_a_draw_does_not_depend_on_how_many_follow() -> None:
    np.testing.assert_array_equal(uniform(1, 3, [5, 6], 9)[:, :2], uniform(1, 3, [5, 6], 2))


def test_numbers_do_not_depend_on_what_was_drawn_before() -> None:
    first = uniform(1, 3, np.arange(5), 4)
    uniform(1, 4, np.arange(5), 4)
    np.random.default_rng().random()
    np.testing.assert_array_equal(uniform(1, 3, np.arange(5), 4), first)


@pytest.mark.parametrize("other", [(2, 0), (1, 1)], ids=["seed", "epoch"])
def test_another_seed_or_epoch_gives_unrelated_numbers(other: tuple[int, int]) -> None:
    here, there = uniform(1, 0, np.arange(10_000), 1), uniform(*other, np.arange(10_000), 1)
    assert abs(np.corrcoef(here[:, 0], there[:, 0])[0, 1]) < 4 / np.sqrt(10_000)


def test_numbers_are_uniform() -> None:
    numbers = uniform(1, 0, np.arange(20_000), 5)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert numbers.mean() == pytest.approx(1 / 2, abs=4 / np.sqrt(12 * numbers.size))
    counts = np.histogram(numbers, bins=100, range=(0, 1))[0]
    chi_square = ((counts - numbers.size / 100) ** 2 / (numbers.size / 100)).sum()
    assert abs(chi_square - 99) < 4 * np.sqrt(2 * 99)


def test_draws_of_neighboring_photos_and_numbers_are_unrelated() -> None:
    numbers = uniform(1, 0, np.arange(10_000), 2)
    bound = 4 / np.sqrt(10_000)
    assert abs(np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1]) < bound
    assert abs(np.corrcoef(numbers[1:, 0], numbers[:-1, 0])[0, 1]) < bound


@pytest.mark.parametrize("num_photos", [0, 1, 2, 100])
def test_order_has_each_photo_once(num_photos: int) -> None:
    assert sorted(order(1, 0, num_photos)) == list(range(num_photos))


def test_order_is_the_same_for_the_same_epoch_and_another_for_the_next() -> None:
    np.testing.assert_array_equal(order(1, 0, 100), order(1, 0, 100))
    assert (order(1, 0, 100) == order(1, 1, 100)).sum() < 10
    assert (order(1, 0, 100) == order(2, 0, 100)).sum() < 10


def test_the_place_of_a_photo_in_an_epoch_says_nothing_about_its_view(augmentation: AugmentationParameters) -> None:
    num_photos = 10_000
    drawn = transforms.draw(1, 0, order(1, 0, num_photos), augmentation)
    for numbers in (drawn.zoom != 1, drawn.zoom, drawn.rotation, drawn.mirrored, drawn.brightness, drawn.contrast):
        assert abs(np.corrcoef(np.arange(num_photos), numbers)[0, 1]) < 4 / np.sqrt(num_photos)
