"""What is needed to use a network again: the weights of some epochs, and a description of what they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
"""Arrays by parameter name."""
Modes = dict[str, dict[str, str]]
"""For training and for predicting: device, precision and memory format; JSON."""
_STATE = "state"


@dataclass(frozen=True)
class State:
    """Where training stands between two steps.

    Attributes:
        arrays: weights, moments of the optimizer, and what else is large, by name.
        notes: JSON: epochs and steps done, and what else is small.
    """

    arrays: Weights
    notes: Mapping[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """Weights by epoch, so that epochs chosen for more than one reason are kept once.

    Attributes:
        weights: arrays by parameter name, by number of epochs trained.
        chosen: the epoch that was chosen, by reason: ``best``, ``last``, ``best_without_0`` ...
        description: JSON: backbone, head, values, size, normalization, resize mode.
        history: a row per epoch.
        state: what training goes on from, while it is not finished.
    """

    weights: Mapping[int, Weights]
    chosen: Mapping[str, int]
    description: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, float]] = ()
    state: "State | None" = None

    def of(self, reason: str) -> Weights:
        """The weights chosen for a reason; where no half chose, for lack of epochs, its best are the best of all."""
        if reason not in self.chosen and reason.startswith("best"):
            return self.of("best")
        return self.weights[self.chosen[reason]]

    @staticmethod
    def single(weights: Weights, description: Mapping[str, Any]) -> "Checkpoint":
        """A checkpoint of one set of weights, which is the best and the last."""
        return Checkpoint({0: weights}, {"best": 0, "last": 0}, description)


def as_arrays(checkpoint: Checkpoint) -> dict[str, NDArray[Any]]:
    """One flat mapping: ``<epoch>/<parameter>``, and ``state/<name>``."""
    kept = {
        f"{epoch}/{name}": np.asarray(array)
        for epoch, weights in checkpoint.weights.items()
        for name, array in weights.items()
    }
    state = checkpoint.state.arrays if checkpoint.state else {}
    return {**kept, **{f"{_STATE}/{name}": np.asarray(array) for name, array in state.items()}}


def about(checkpoint: Checkpoint) -> dict[str, Any]:
    """All that is not an array, as JSON."""
    return {
        "chosen": dict(checkpoint.chosen),
        "description": dict(checkpoint.description),
        "history": [dict(row) for row in checkpoint.history],
        "state": dict(checkpoint.state.notes) if checkpoint.state else None,
    }


def from_arrays(arrays: Weights, about: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint of which ``as_arrays`` and ``about`` are the two parts."""
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        part, _, parameter = name.partition("/")
        parts.setdefault(part, {})[parameter] = array
    state = None if about["state"] is None else State(parts.pop(_STATE, {}), about["state"])
    weights = {int(epoch): arrays for epoch, arrays in parts.items()}
    return Checkpoint(weights, about["chosen"], about["description"], about["history"], state)
