"""Probabilities that mean what they say, and answers that are given only where they are sure enough."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest

from apparel_eye.metrics.official import LabelStrings, Probabilities, at_own_thresholds, basic_precision, true_values
from apparel_eye.metrics.probabilities import with_floor

SeenValues = Sequence[int] | NDArray[np.integer]

MAX_TEMPERATURE = 20.0
"""And its inverse is the least; a set of photos that are all right, or all wrong, would have no end."""

_SPREAD = 0.2
"""Of the logarithm of temperatures: least log loss of four candidates on the validation photos of four dimensions."""

_UNLIKELY = 0.05
"""Below it, nobody asks how much less likely one photo is than another."""

_LEAST = 1e-15  # as in metrics.log_loss; a zero would stay one at every temperature


def fit_temperature(probabilities: Probabilities, label_strings: LabelStrings, seen_values: SeenValues) -> float:
    """The temperature at which the probabilities have the least log loss (arXiv:1706.04599), if there are many photos.

    A few say little of it, and it stays near 1: its logarithm has a normal prior. Photos labelled with a value that had
    no training photos say nothing about it; 1 where there are no others.
    """
    logits = _logits(probabilities, seen_values)
    is_label = true_values(label_strings)[:, None] == np.asarray(seen_values)
    if not is_label.any():
        return 1.0

    def loss(log_temperature: float) -> float:
        of_labels = log_softmax(logits * np.exp(-log_temperature), axis=1)[is_label]
        return float((log_temperature / _SPREAD) ** 2 / 2 - of_labels.sum())

    limit = np.log(MAX_TEMPERATURE)
    return float(np.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x))


def apply_temperature(probabilities: Probabilities, temperature: float, seen_values: SeenValues) -> NDArray[np.float64]:
    """Probabilities to the power of 1 / temperature, each row summing to 1: above 1 they become less sure.

    Args:
        probabilities: shape (N, values).
        temperature: 1 changes nothing.
        seen_values: indices of the values that had training photos; others keep the floor, see ``with_floor``.
    """
    tempered = softmax(_logits(probabilities, seen_values) / temperature, axis=1)
    return with_floor(tempered, seen_values, probabilities.shape[1])


def cross_fit(
    probabilities: Probabilities, label_strings: LabelStrings, halves: NDArray[np.intp], seen_values: SeenValues
) -> NDArray[np.float64]:
    """Probabilities with the photos of each half at the temperature that is best for the other."""
    calibrated = np.zeros(probabilities.shape)
    for of_half, others in halves_and_others(halves):
        temperature = fit_temperature(probabilities[others], label_strings[others], seen_values)
        calibrated[of_half] = apply_temperature(probabilities[of_half], temperature, seen_values)
    return calibrated


def fit_threshold(probabilities: Probabilities, label_strings: LabelStrings, precision: float) -> float | None:
    """The lowest confidence such that the photos with at least it have that basic precision; None if none has.

    Ties are answered together, and answers marked ``m`` count neither way.
    """
    confidences, right, counted = at_own_thresholds(probabilities, label_strings)
    reaches = (counted > 0) & (right / np.maximum(counted, 1) >= precision)
    return float(confidences[reaches].min()) if reaches.any() else None


def score_abstention(
    probabilities: Probabilities, label_strings: LabelStrings, halves: NDArray[np.intp], precision: float
) -> dict[str, float]:
    """What a wanted precision brings: the photos of each half are answered by the threshold of the other.

    Returns:
        ``coverage``, the share of photos answered, and ``precision``, the basic precision of these; NaN if there are
        none.
    """
    is_answered = np.zeros(len(label_strings), dtype=bool)
    for of_half, others in halves_and_others(halves):
        threshold = fit_threshold(probabilities[others], label_strings[others], precision)
        if threshold is not None:
            is_answered[of_half] = probabilities[of_half].max(axis=1) >= threshold
    reached = (
        basic_precision(probabilities[is_answered], label_strings[is_answered]) if is_answered.any() else float("nan")
    )
    return {"coverage": float(is_answered.mean()), "precision": reached}


class Bin(NamedTuple):
    """Photos to which a model gives about the same probability of a value.

    Attributes:
        predicted: mean of these probabilities.
        observed: share of the photos that have the value.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        num_photos: how many there are.
    """

    predicted: float
    observed: float
    low: float
    high: float
    num_photos: int


def reliability(probabilities: Probabilities, is_value: NDArray[np.bool_], least: int, most: int) -> list[Bin]:
    """Bins of equally many photos, by the probability of one value; equal probabilities are not parted.

    Of many values, most photos have next to no chance of one: those below 5 % are one bin, which leaves the others for
    the photos that it is about.

    Args:
        probabilities: of the value, shape (N,), of at least one photo.
        is_value: whether each photo is labelled with it.
        least: photos of a bin, unless there are fewer in all.
        most: number of bins.
    """
    order = np.argsort(probabilities, kind="stable")
    starts = list(_bin_starts(probabilities[order], least, most))
    return [_bin(probabilities[rows], is_value[rows]) for rows in np.split(order, starts)]


def _bin_starts(ranked: Probabilities, least: int, most: int) -> Iterator[int]:
    """Of all bins but the first; both sides of each have enough photos."""
    num_photos, start = len(ranked), 0
    wanted = int(np.searchsorted(ranked, _UNLIKELY))
    for num_left in range(most, 1, -1):
        if start or wanted < least:
            size = max(least, -(-(num_photos - start) // num_left))
            wanted = int(np.searchsorted(ranked, ranked[min(start + size, num_photos) - 1], side="right"))
        if num_photos - wanted < least:
            return
        yield wanted
        start = wanted


def _bin(probabilities: Probabilities, is_value: NDArray[np.bool_]) -> Bin:
    counted = binomtest(int(is_value.sum()), len(is_value))
    interval = counted.proportion_ci(0.95, "wilson")
    return Bin(float(probabilities.mean()), counted.statistic, interval.low, interval.high, len(is_value))


def halves_and_others(halves: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Rows of each half, and of the others; where there is only one, it stands for the others."""
    for half in np.unique(halves):
        of_half = halves == half
        yield of_half, of_half if of_half.all() else ~of_half


def _logits(probabilities: Probabilities, seen_values: SeenValues) -> NDArray[np.float64]:
    of_seen_values = np.asarray(probabilities, dtype=np.float64)[:, np.asarray(seen_values)]
    logits: NDArray[np.float64] = np.log(np.maximum(of_seen_values, _LEAST))
    return logits
