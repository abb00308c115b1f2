"""Several candidates in one: a weighted mean of probabilities, the weights chosen on validation photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apparel_eye.metrics.calibration import SeenValues, apply_temperature, fit_temperature, halves_and_others
from apparel_eye.metrics.official import LabelStrings, Probabilities, true_values
from apparel_eye.selection.candidates import ByCandidate

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


def fit_blend(candidates: ByCandidate, label_strings: LabelStrings, seen_values: SeenValues) -> Blend:
    """Each candidate is made honest, then the weights are fitted, then the temperature of their mean.

    Args:
        candidates: probabilities of each, shape (photos, values).
        label_strings: labels of the same photos.
        seen_values: indices of the values that had training photos.
    """
    temperatures = {
        name: fit_temperature(candidate, label_strings, seen_values) for name, candidate in candidates.items()
    }
    honest = [apply_temperature(candidate, temperatures[name], seen_values) for name, candidate in candidates.items()]
    weights = fit_weights(honest, label_strings)
    mean = np.tensordot(weights, honest, axes=1)
    return Blend(
        temperatures,
        dict(zip(candidates, weights.tolist(), strict=True)),
        fit_temperature(mean, label_strings, seen_values),
    )


def blend(candidates: ByCandidate, fitted: Blend, seen_values: SeenValues) -> Probabilities:
    """The mean of candidates as it was fitted, shape (photos, values)."""
    honest = [apply_temperature(candidates[name], fitted.temperatures[name], seen_values) for name in fitted.weights]
    return apply_temperature(
        np.tensordot(list(fitted.weights.values()), honest, axes=1), fitted.temperature, seen_values
    )


def cross_fit_blend(
    candidates: ByCandidate, label_strings: LabelStrings, halves: NDArray[np.intp], seen_values: SeenValues
) -> Probabilities:
    """The mean with the photos of each half blended as is best for the other."""
    blended = np.zeros(next(iter(candidates.values())).shape)
    for of_half, others in halves_and_others(halves):
        fitted = fit_blend(
            {name: candidate[others] for name, candidate in candidates.items()}, label_strings[others], seen_values
        )
        blended[of_half] = blend(
            {name: candidate[of_half] for name, candidate in candidates.items()}, fitted, seen_values
        )
    return blended


def fit_weights(candidates: Sequence[Probabilities], label_strings: LabelStrings) -> NDArray[np.float64]:
    """Weights of the mean with the least log loss, drawn a little towards even ones; not negative, their sum is 1.

    Expectation maximization of a mixture whose components are given, with a Dirichlet prior: each step says how much
    of each photo's label each candidate explains, and the loss never grows.
    """
    targets = true_values(label_strings)
    of_label = np.array([candidate[np.arange(len(targets)), targets] for candidate in candidates])
    weights = np.full(len(candidates), 1 / len(candidates))
    for _ in range(_STEPS):
        explained = weights[:, None] * of_label
        shares = (explained / explained.sum(axis=0)).sum(axis=1)
        weights = (shares + _EVEN / len(candidates)) / (len(targets) + _EVEN)
    return weights
