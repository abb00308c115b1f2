from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from apparel_eye.metrics import official
from apparel_eye.metrics.calibration import apply_temperature
from apparel_eye.metrics.official import LabelStrings, Probabilities
from apparel_eye.metrics.probabilities import FLOOR, with_floor
from apparel_eye.selection import blend as blending
from apparel_eye.selection.blend import Blend, blend, cross_fit_blend, fit_blend, fit_weights

ALL = (0, 1, 2)
PRIOR = 2.0
"""Photos that speak for even weights."""


def labels_of(num_photos: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng([seed, 1]).integers(0, 3, num_photos)


def marks_of_values(labels: np.ndarray) -> LabelStrings:
    return np.where(np.eye(3)[labels] == 1, "y", "n")


def candidate(labels: np.ndarray, skill: float, seed: int) -> Probabilities:
    """Softmax of noise, and of the label by skill."""
    noise = np.random.default_rng([seed, 2]).normal(size=(len(labels), 3))
    return softmax(noise + skill * np.eye(3)[labels], axis=1)


def drawn(num_photos: int, skills: tuple[float, ...], seed: int = 1) -> tuple[list[Probabilities], LabelStrings]:
    """Candidates of different skill, whose mistakes are their own."""
    labels = labels_of(num_photos, seed)
    candidates = [candidate(labels, skill, 10 * seed + number) for number, skill in enumerate(skills)]
    return candidates, marks_of_values(labels)


def merit(weights: np.ndarray, candidates: list[Probabilities], label_strings: LabelStrings) -> float:
    """Log likelihood of the mean's weights, with a Dirichlet prior of as many photos as said."""
    mean = np.tensordot(weights, candidates, axes=1)
    of_photos = -len(label_strings) * official.log_loss(mean, label_strings)
    return float(of_photos + PRIOR / len(candidates) * np.log(weights).sum())


@pytest.mark.parametrize("num_photos", [1, 5, 300])
@pytest.mark.parametrize("skills", [(1.0, 1.0), (3.0, 0.5), (2.0, 1.0, 0.0, 1.5)], ids=str)
def test_weights_are_a_distribution(num_photos: int, skills: tuple[float, ...]) -> None:
    weights = fit_weights(*drawn(num_photos, skills))
    assert weights.shape == (len(skills),)
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("num_photos", [12, 400])
@pytest.mark.parametrize("skills", [(1.5, 1.0), (1.0, 1.0, 0.5)], ids=str)
def test_weights_are_those_that_scipy_finds(skills: tuple[float, ...], num_photos: int, seed: int) -> None:
    candidates, label_strings = drawn(num_photos, skills, seed)

    def surprise(logits: np.ndarray) -> float:
        return -merit(softmax(logits), candidates, label_strings)

    expected = softmax(minimize(surprise, np.zeros(len(skills)), tol=1e-8).x)
    found = fit_weights(candidates, label_strings)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert merit(found, candidates, label_strings) == pytest.approx(
        merit(expected, candidates, label_strings), abs=1e-4
    )


def test_weights_by_hand() -> None:
    """One photo, whose label they give 1 and 1/2: the weights' merit is log(1/2 + w/2) + log w + log(1 - w)."""
    label_strings = np.array([["y", "n"]])
    weight = fit_weights([np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])], label_strings)[0]
    # its derivative is 1 / (1 + w) + 1 / w - 1 / (1 - w), which is 0 where 1 - 3 w^2 is
    assert weight == pytest.approx(1 / np.sqrt(3), abs=1e-6)


def test_no_step_makes_the_weights_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    candidates, label_strings = drawn(50, (2.0, 1.0, 0.2))
    merits = []
    for steps in range(12):
        monkeypatch.setattr(blending, "_STEPS", steps)
        merits.append(merit(fit_weights(candidates, label_strings), candidates, label_strings))
    assert all(later > earlier for earlier, later in pairwise(merits))


def test_a_candidate_that_is_right_gets_nearly_all_where_there_are_many_photos() -> None:
    labels = labels_of(3000)
    right = np.full((3000, 3), 1e-3) + 0.997 * np.eye(3)[labels]
    candidates = [candidate(labels, 0.0, 1), right, candidate(labels, 0.5, 2)]
    assert fit_weights(candidates, marks_of_values(labels))[1] > 0.99


def test_a_few_photos_move_little_from_even_weights() -> None:
    labels = labels_of(1)
    right, even = 0.01 + 0.97 * np.eye(3)[labels], np.full((1, 3), 1 / 3)
    assert 0.5 < fit_weights([right, even], marks_of_values(labels))[0] < 0.67


@pytest.mark.parametrize("num_columns", [2, 3, 5])
def test_equal_candidates_have_even_weights(num_columns: int) -> None:
    [one], label_strings = drawn(100, (1.0,))
    np.testing.assert_allclose(fit_weights([one] * num_columns, label_strings), 1 / num_columns, rtol=1e-9)


def test_weights_follow_their_candidates() -> None:
    candidates, label_strings = drawn(200, (2.0, 1.0, 0.5))
    order = [2, 0, 1]
    reordered = fit_weights([candidates[number] for number in order], label_strings)
    np.testing.assert_allclose(reordered, fit_weights(candidates, label_strings)[order], rtol=1e-9)


def test_a_label_to_which_no_candidate_gives_anything_is_no_end() -> None:
    candidates, label_strings = drawn(20, (2.0, 1.0))
    named = {name: np.vstack([each, [[1.0, 0.0, 0.0]]]) for name, each in zip("ab", candidates, strict=True)}
    fitted = fit_blend(named, np.vstack([label_strings, [["n", "y", "n"]]]), ALL)
    assert sum(fitted.weights.values()) == pytest.approx(1)
    np.testing.assert_allclose(blend(named, fitted, ALL).sum(axis=1), 1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("skills", [(1.0, 1.0), (2.0, 0.5), (1.0, 0.8, 0.6)], ids=str)
def test_the_mean_is_not_worse_than_any_of_its_candidates(skills: tuple[float, ...], seed: int) -> None:
    """On the photos that it was fitted on, many enough for the prior to be nothing."""
    candidates, label_strings = drawn(2000, skills, seed)
    named = dict(zip("abc", candidates, strict=False))
    fitted = fit_blend(named, label_strings, ALL)
    honest = [apply_temperature(named[name], fitted.temperatures[name], ALL) for name in named]
    loss = official.log_loss(blend(named, fitted, ALL), label_strings)
    assert loss <= min(official.log_loss(each, label_strings) for each in honest) + 1e-3
    assert loss <= min(official.log_loss(each, label_strings) for each in candidates) + 1e-3


def test_candidates_that_know_different_things_are_better_together() -> None:
    candidates, label_strings = drawn(2000, (1.0, 1.0))
    named = dict(zip("ab", candidates, strict=True))
    together = official.log_loss(blend(named, fit_blend(named, label_strings, ALL), ALL), label_strings)
    assert together < min(official.log_loss(each, label_strings) for each in candidates) - 0.03


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_one_candidate_repeated_is_that_candidate_tempered(sharpness: float) -> None:
    [one], label_strings = drawn(200, (1.0,))
    one = apply_temperature(one, 1 / sharpness, ALL)
    named = {"a": one, "b": one}
    fitted = fit_blend(named, label_strings, ALL)
    assert fitted.weights == pytest.approx({"a": 0.5, "b": 0.5})
    assert fitted.temperatures["a"] == fitted.temperatures["b"]
    expected = apply_temperature(one, fitted.temperatures["a"] * fitted.temperature, ALL)
    np.testing.assert_allclose(blend(named, fitted, ALL), expected, rtol=1e-6)


def test_blending_by_hand() -> None:
    candidates = {"a": np.array([[0.9, 0.1]]), "b": np.array([[0.5, 0.5]]), "not asked for": np.array([[0.0, 1.0]])}
    fitted = Blend({"a": 2.0, "b": 1.0}, {"b": 0.4, "a": 0.6}, 0.5)
    mean = 0.6 * 0.75 + 0.4 * 0.5  # of 0.9 : 0.1 the square root is 3 : 1
    expected = mean**2 / (mean**2 + (1 - mean) ** 2)
    np.testing.assert_allclose(blend(candidates, fitted, (0, 1)), [[expected, 1 - expected]])


def test_a_value_without_training_photos_keeps_its_floor() -> None:
    candidates, label_strings = drawn(100, (2.0, 1.0))
    placed = np.full((100, 4), "n")
    placed[:, [3, 0, 2]] = label_strings
    named = {name: with_floor(each, [3, 0, 2], 4) for name, each in zip("ab", candidates, strict=True)}
    found = blend(named, fit_blend(named, placed, [3, 0, 2]), [3, 0, 2])
    np.testing.assert_array_equal(found[:, 1], FLOOR)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_no_photo_is_blended_by_labels_of_its_own_part() -> None:
    (first, second), label_strings = drawn(90, (2.0, 0.5))
    named, halves = {"a": first, "b": second}, np.arange(90) % 3
    before = cross_fit_blend(named, label_strings, halves, ALL)
    moved = label_strings.copy()
    moved[halves == 1] = np.roll(label_strings[halves == 1], 1, axis=1)
    after = cross_fit_blend(named, moved, halves, ALL)
    np.testing.assert_array_equal(after[halves == 1], before[halves == 1])
    assert not np.isclose(after[halves != 1], before[halves != 1]).any()


def test_each_part_is_blended_as_is_best_for_the_others() -> None:
    candidates, label_strings = drawn(60, (2.0, 0.5))
    named, halves = dict(zip("ab", candidates, strict=True)), np.arange(60) % 2
    found = cross_fit_blend(named, label_strings, halves, ALL)
    for half in (0, 1):
        own, others = halves == half, halves != half
        fitted = fit_blend({name: each[others] for name, each in named.items()}, label_strings[others], ALL)
        expected = blend({name: each[own] for name, each in named.items()}, fitted, ALL)
        np.testing.assert_array_equal(found[own], expected)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_a_single_part_is_blended_by_itself() -> None:
    candidates, label_strings = drawn(40, (2.0, 0.5))
    named = dict(zip("ab", candidates, strict=True))
    expected = blend(named, fit_blend(named, label_strings, ALL), ALL)
    np.testing.assert_array_equal(cross_fit_blend(named, label_strings, np.zeros(40, dtype=int), ALL), expected)
