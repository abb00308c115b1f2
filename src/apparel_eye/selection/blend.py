"""Several candidates in one: a weighted mean of probabilities, the weights chosen on validation photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apparel_eye.metrics.calibration import Present, fit_temperature, parts_and_others, temper
from apparel_eye.metrics.official import Marks, true_values
from apparel_eye.selection.candidates import ByCandidate

Probabilities = NDArray[np.float64]
_STEPS = 200
_EVEN = 2.0
"""Photos that speak for even weights: a few photos say little of them."""


@dataclass(frozen=True)
class Blend:
    """How candidates become one.

    Attributes:
        temperatures: at which each candidate is mixed, by name.
        weights: of the candidates in the mean, by name; their sum is 1.
        temperature: of the mean.
    """

    temperatures: dict[str, float]
    weights: dict[str, float]
    temperature: float


def fit_blend(candidates: ByCandidate, marks: Marks, present: Present) -> Blend:
    """Each candidate is made honest, then the weights are fitted, then the temperature of their mean.

    Args:
        candidates: probabilities of each, shape (photos, values).
        marks: labels of the same photos.
        present: indices of the values that had training photos.
    """
    temperatures = {name: fit_temperature(candidate, marks, present) for name, candidate in candidates.items()}
    honest = [temper(candidate, temperatures[name], present) for name, candidate in candidates.items()]
    weights = fit_weights(honest, marks)
    mean = np.tensordot(weights, honest, axes=1)
    return Blend(
        temperatures, dict(zip(candidates, weights.tolist(), strict=True)), fit_temperature(mean, marks, present)
    )


def blend(candidates: ByCandidate, fitted: Blend, present: Present) -> Probabilities:
    """The mean of candidates as it was fitted, shape (photos, values)."""
    honest = [temper(candidates[name], fitted.temperatures[name], present) for name in fitted.weights]
    return temper(np.tensordot(list(fitted.weights.values()), honest, axes=1), fitted.temperature, present)


def cross_fit_blend(candidates: ByCandidate, marks: Marks, parts: NDArray[np.intp], present: Present) -> Probabilities:
    """The mean with the photos of each part blended as is best for the other parts."""
    blended = np.zeros(next(iter(candidates.values())).shape)
    for of_part, others in parts_and_others(parts):
        fitted = fit_blend({name: candidate[others] for name, candidate in candidates.items()}, marks[others], present)
        blended[of_part] = blend({name: candidate[of_part] for name, candidate in candidates.items()}, fitted, present)
    return blended


def fit_weights(candidates: Sequence[Probabilities], marks: Marks) -> NDArray[np.float64]:
    """Weights of the mean with the least log loss, drawn a little towards even ones; not negative, their sum is 1.

    Expectation maximization of a mixture whose components are given, with a Dirichlet prior: each step says how much
    of each photo's label each candidate explains, and the loss never grows.
    """
    targets = true_values(marks)
    of_label = np.array([candidate[np.arange(len(targets)), targets] for candidate in candidates])
    weights = np.full(len(candidates), 1 / len(candidates))
    for _ in range(_STEPS):
        explained = weights[:, None] * of_label
        shares = (explained / explained.sum(axis=0)).sum(axis=1)
        weights = (shares + _EVEN / len(candidates)) / (len(targets) + _EVEN)
    return weights
