"""How far a score may be off because the photos are few: percentile intervals of the bootstrap."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apparel_eye.metrics.official import LabelStrings, Probabilities

Measures = Callable[[Probabilities, LabelStrings], Mapping[str, float]]
Groups = Sequence[str] | NDArray[np.generic]


class Difference(NamedTuple):
    """By how much the first is above the second, and the interval of that."""

    value: float
    low: float
    high: float


def bootstrap(
    measures: Measures,
    probabilities: Probabilities,
    label_strings: LabelStrings,
    groups: Groups,
    num_resamples: int,
    seed: int,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """The interval of each measure.

    Args:
        measures: values by name, of some photos.
        probabilities: shape (N, values).
        label_strings: of the same shape.
        groups: of each photo; copies of a photo, or photos of a product, have the same and are drawn together.
        num_resamples: how often as many groups as there are are drawn.
        seed: of the draws.
        level: share of the resamples inside.

    Returns:
        Lower and upper end by name, of the resamples in which the measure is defined; NaN where it is in none, and
        where there is only one group, which says nothing about others.
    """
    resampled = [measures(probabilities[rows], label_strings[rows]) for rows in _resamples(groups, num_resamples, seed)]
    return {name: _interval(resampled, name, level) for name in measures(probabilities, label_strings)}


def difference(
    measures: Measures,
    probabilities: Probabilities,
    others: Probabilities,
    label_strings: LabelStrings,
    groups: Groups,
    num_resamples: int,
    seed: int,
    level: float = 0.95,
) -> dict[str, Difference]:
    """By how much each measure of one candidate is above that of another on the same photos, with its interval.

    Both are measured on the same resamples, so what is hard about a photo for both does not widen the interval.

    Args:
        measures: values by name, of some photos.
        probabilities: of the first candidate, shape (N, values).
        others: of the second candidate.
        label_strings: of the same shape.
        groups: as in ``bootstrap``, as are the rest.
        num_resamples: how often groups are drawn.
        seed: of the draws.
        level: share of the resamples inside.
    """

    def differences(rows: NDArray[np.intp]) -> dict[str, float]:
        first, second = measures(probabilities[rows], label_strings[rows]), measures(others[rows], label_strings[rows])
        return {name: first[name] - second[name] for name in first}

    resampled = [differences(rows) for rows in _resamples(groups, num_resamples, seed)]
    of_all = differences(np.arange(len(label_strings)))
    return {name: Difference(value, *_interval(resampled, name, level)) for name, value in of_all.items()}


def _resamples(groups: Groups, num_resamples: int, seed: int) -> Iterator[NDArray[np.intp]]:
    names, group_of_row = np.unique(np.asarray(groups), return_inverse=True)
    generator = np.random.default_rng(seed)
    for _ in range(num_resamples if len(names) > 1 else 0):
        times = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))
        yield np.repeat(np.arange(len(group_of_row)), times[group_of_row])


def _interval(resampled: Sequence[Mapping[str, float]], name: str, level: float) -> tuple[float, float]:
    values = np.array([measured[name] for measured in resampled], dtype=np.float64)
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
