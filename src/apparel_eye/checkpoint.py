"""What is needed to use a network again: the weights of some epochs, and a description of what they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Weights by epoch, so that epochs chosen for more than one reason are kept once.

    Attributes:
        weights: arrays by parameter name, by epoch.
        chosen: the epoch that was chosen, by reason: ``best``, ``last``, ``best_without_0`` ...
        description: JSON: backbone, head, values, size, normalization, resize mode.
    """

    weights: Mapping[int, Weights]
    chosen: Mapping[str, int]
    description: Mapping[str, Any] = field(default_factory=dict)

    def of(self, reason: str) -> Weights:
        """The weights chosen for a reason; where no part chose, for lack of epochs, its best are the best of all."""
        if reason not in self.chosen and reason.startswith("best"):
            return self.of("best")
        return self.weights[self.chosen[reason]]

    @staticmethod
    def single(weights: Weights, description: Mapping[str, Any]) -> "Checkpoint":
        """A checkpoint of one set of weights, which is the best and the last."""
        return Checkpoint({0: weights}, {"best": 0, "last": 0}, description)


def as_arrays(checkpoint: Checkpoint) -> dict[str, NDArray[Any]]:
    """One flat mapping, ``<epoch>/<parameter>``."""
    return {
        f"{epoch}/{name}": np.asarray(array)
        for epoch, weights in checkpoint.weights.items()
        for name, array in weights.items()
    }


def from_arrays(arrays: Weights, chosen: Mapping[str, int], description: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint that ``as_arrays`` flattened."""
    weights: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        epoch, _, parameter = name.partition("/")
        weights.setdefault(int(epoch), {})[parameter] = array
    return Checkpoint(weights, chosen, description)
