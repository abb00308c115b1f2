import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from apparel_eye.classifiers.objectives import _LEAST, OBJECTIVES

CLASSES, ORDER = OBJECTIVES["classes"], OBJECTIVES["order"]


def logits(*probabilities: float) -> np.ndarray:
    """Margins of one example that is above each step with such probabilities."""
    shares = np.array([probabilities])
    return np.log(shares / (1 - shares)).astype(np.float32)


def test_classes_have_a_margin_each_and_their_softmax() -> None:
    margins = np.array([[0.0, np.log(2), np.log(5)], [1000.0, 1000.0, -1000.0]], dtype=np.float32)
    assert CLASSES.num_margins(3) == 3
    np.testing.assert_allclose(
        CLASSES.probabilities(margins), [[1 / 8, 2 / 8, 5 / 8], [0.5, 0.5, 0]], rtol=1e-6, atol=1e-12
    )
    np.testing.assert_array_equal(CLASSES.labels(np.array([2, 0, 1]), 3), [2, 0, 1])


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-50, 50, width=32)))
def test_classes_are_what_they_were_when_margins_were_subtracted_in_single_precision(margins: np.ndarray) -> None:
    exponentials = np.exp(margins - margins.max(axis=1, keepdims=True), dtype=np.float64)
    before = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(CLASSES.probabilities(margins), before, rtol=1e-5)


def test_the_order_has_a_question_for_each_step() -> None:
    assert ORDER.num_margins(4) == 3
    np.testing.assert_array_equal(ORDER.labels(np.arange(4), 4), [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]])


@pytest.mark.parametrize(("lower", "upper"), [(0.9, 0.3), (0.5, 0.5 - 1e-3), (0.99, 0.01)])
def test_a_value_lies_between_the_step_below_and_the_step_above(lower: float, upper: float) -> None:
    found = ORDER.probabilities(logits(lower, upper))
    np.testing.assert_allclose(found, [[1 - lower, lower - upper, upper]], rtol=1e-4)


def test_of_two_values_the_order_is_the_logistic_function() -> None:
    margins = np.linspace(-5, 5, 11, dtype=np.float32)[:, None]
    above = 1 / (1 + np.exp(-margins.astype(np.float64)))
    np.testing.assert_allclose(ORDER.probabilities(margins), np.hstack([1 - above, above]), rtol=1e-12)


def test_between_steps_that_contradict_each_other_is_the_least_probability() -> None:
    """Above the upper step with 0.8, but above the lower one with 0.3 only."""
    found = ORDER.probabilities(logits(0.3, 0.8))
    np.testing.assert_allclose(found, np.array([[0.7, _LEAST, 0.3]]) / (1 + _LEAST), rtol=1e-5)


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-50, 50, width=32)))
def test_any_margins_give_distributions_without_a_zero(margins: np.ndarray) -> None:
    found = ORDER.probabilities(margins)
    assert found.shape == (len(margins), margins.shape[1] + 1)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert (found >= _LEAST / (1 + _LEAST * found.shape[1])).all()
