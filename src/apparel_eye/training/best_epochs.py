"""Keeping the weights of the epochs that validation photos choose."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apparel_eye.metrics import official
from apparel_eye.metrics.official import LabelStrings
from apparel_eye.networks.checkpoint import Checkpoint, State, Weights

_MERITS = "merits"


class Selection:
    """The best epoch by average precision, ties by log loss; once by all validation photos, once without each half.

    A half's photos are predicted with the epoch that the other chose, so that no photo is scored by a choice it
    took part in.
    """

    def __init__(
        self, label_strings: LabelStrings, halves: NDArray[np.intp], earlier: Checkpoint | None = None
    ) -> None:
        """Begin, or go on from the unfinished checkpoint of an earlier run with the same photos."""
        self._label_strings = label_strings
        everyone = np.ones(len(halves), dtype=bool)
        self._judges = {"best": everyone} | {without(half): halves != half for half in np.unique(halves)}
        notes = earlier.state.notes if earlier and earlier.state else {}
        self._merits: dict[str, tuple[float, float]] = {
            reason: (precision, loss) for reason, (precision, loss) in notes.get(_MERITS, {}).items()
        }
        self._chosen: dict[str, int] = dict(earlier.chosen) if earlier else {}
        self._weights: dict[int, Weights] = dict(earlier.weights) if earlier else {}
        self._history = list(earlier.history) if earlier else []

    def add(
        self,
        epoch: int,
        probabilities: NDArray[np.floating],
        weights: Weights,
        row: Mapping[str, float] | None = None,
    ) -> None:
        """Judge an epoch by its validation probabilities; weights that nobody chose any more are dropped.

        Args:
            epoch: number of epochs trained; 0 is the start.
            probabilities: shape (photos, values).
            weights: after it.
            row: of the history; the start has none.
        """
        self._history += [row] if row else []
        for reason, judges in self._judges.items():
            merit = _merit(probabilities[judges], self._label_strings[judges])
            if reason not in self._merits or merit > self._merits[reason]:
                self._merits[reason], self._chosen[reason] = merit, epoch
        self._chosen["last"] = epoch
        self._weights[epoch] = weights
        self._weights = {kept: self._weights[kept] for kept in sorted(set(self._chosen.values()))}

    def checkpoint(self, description: Mapping[str, Any], state: State | None = None) -> Checkpoint:
        """What has been chosen so far; the state has what the choice goes on from."""
        if state is not None:
            merits = {reason: list(merit) for reason, merit in self._merits.items()}
            state = State(state.arrays, {**state.notes, _MERITS: merits})
        return Checkpoint(dict(self._weights), dict(self._chosen), description, list(self._history), state)


def without(half: int) -> str:
    """Why an epoch is kept that a half's photos did not choose."""
    return f"best_without_{half}"


def _merit(probabilities: NDArray[np.floating], label_strings: LabelStrings) -> tuple[float, float]:
    precision = official.average_precision(probabilities, label_strings)
    return float(np.nan_to_num(precision, nan=-1.0)), -official.log_loss(probabilities, label_strings)
