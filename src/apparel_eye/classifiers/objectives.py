"""What boosters make small: for values without an order, and for those that have one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from apparel_eye.data.subsets import Rows

Margins = NDArray[np.float32]
_LEAST = 1e-6
"""Probability between two thresholds that boosters put in the wrong order."""


@dataclass(frozen=True)
class Objective:
    """How XGBoost is asked.

    Attributes:
        settings: XGBoost's, for a number of classes.
        labels: what XGBoost gets for classes 0, 1, ..., and their number.
        num_margins: of each example, for a number of classes.
        probabilities: of the classes, from margins of shape (n, num_margins).
    """

    settings: Callable[[int], dict[str, object]]
    labels: Callable[[Rows, int], NDArray[np.float32]]
    num_margins: Callable[[int], int]
    probabilities: Callable[[Margins], NDArray[np.float64]]


def _of_steps(margins: Margins) -> NDArray[np.float64]:
    """Each margin says whether the value is above a step; where they contradict each other, the lower step counts."""
    above = np.minimum.accumulate(expit(margins.astype(np.float64)), axis=1)
    ends = np.ones((len(above), 1))
    between = np.maximum(-np.diff(np.hstack([ends, above, 0 * ends]), axis=1), _LEAST)
    return np.asarray(between / between.sum(axis=1, keepdims=True))


OBJECTIVES: dict[str, Objective] = {
    "classes": Objective(
        settings=lambda num_classes: {"objective": "multi:softprob", "num_class": num_classes},
        labels=lambda classes, _: classes.astype(np.float32),
        num_margins=lambda num_classes: num_classes,
        probabilities=lambda margins: softmax(margins.astype(np.float64), axis=1),
    ),
    "order": Objective(  # a binary question for each step between two values (Frank and Hall, ECML 2001)
        settings=lambda _: {"objective": "binary:logistic"},
        labels=lambda classes, num_classes: (classes[:, None] > np.arange(num_classes - 1)).astype(np.float32),
        num_margins=lambda num_classes: num_classes - 1,
        probabilities=_of_steps,
    ),
}
