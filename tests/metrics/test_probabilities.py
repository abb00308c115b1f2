import numpy as np

from apparel_eye.metrics.probabilities import FLOOR, with_floor


def test_values_without_photos_get_the_floor_and_rows_sum_to_one() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), size=5)
    floored = with_floor(probabilities, seen_values=[0, 2, 5], num_values=6)
    np.testing.assert_array_equal(floored[:, [1, 3, 4]], FLOOR)
    np.testing.assert_allclose(floored.sum(axis=1), 1, rtol=1e-15)


def test_probabilities_of_present_values_keep_their_ratios() -> None:
    floored = with_floor(np.array([[0.6, 0.3, 0.1]]), seen_values=[4, 1, 0], num_values=5)
    np.testing.assert_allclose(floored[0, [4, 1, 0]], (1 - 2 * FLOOR) * np.array([0.6, 0.3, 0.1]))


def test_nothing_changes_where_all_values_are_present() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), size=3)
    np.testing.assert_allclose(with_floor(probabilities, range(4), 4), probabilities, rtol=1e-15)


def test_rounding_of_single_precision_is_normalized_away() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(50), size=20).astype(np.float32)
    np.testing.assert_allclose(with_floor(probabilities, range(50), 50).sum(axis=1), 1, rtol=1e-15)
