"""An exponential moving average of a model's weights, as an option beside the weights themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Follows a model, step by step.

    Args:
        model: that is trained.
        decay: share of the average that a step keeps; 0 is the model itself, which is then not copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model, self._decay = model, decay
        self.values = {name: tensor.clone() for name, tensor in self._followed().items()} if decay else {}

    @torch.no_grad()
    def update(self) -> None:
        """After a step."""
        if self._decay:
            for name, tensor in self._followed().items():
                self.values[name].lerp_(tensor, 1 - self._decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within it, the model has the averaged weights."""
        before = {name: tensor.clone() for name, tensor in self._followed().items()} if self._decay else {}
        self._fill(self.values)
        try:
            yield
        finally:
            self._fill(before)

    @torch.no_grad()
    def _fill(self, values: dict[str, Tensor]) -> None:
        followed = self._followed()
        for name, value in values.items():
            followed[name].copy_(value)

    def _followed(self) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in self._model.state_dict().items() if tensor.is_floating_point()}
