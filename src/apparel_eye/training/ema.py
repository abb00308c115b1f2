"""An exponential moving average of a model's weights, as an option beside the weights themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """Follows a model, step by step.

    Args:
        model: that is trained.
        decay: share of the average that a step keeps; 0 is the model itself, which is then not copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model, self._decay = model, decay
        self.values = {name: tensor.clone() for name, tensor in self._followed().items()} if decay else {}

    def update(self) -> None:
        """After a step."""
        if self._decay:
            average = get_ema_multi_avg_fn(self._decay)  # type: ignore[no-untyped-call]
            average(list(self.values.values()), list(self._followed().values()), None)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within it, the model has the averaged weights."""
        before = {name: tensor.clone() for name, tensor in self._followed().items()} if self._decay else {}
        self._model.load_state_dict(self.values, strict=False)  # counters are not averaged
        try:
            yield
        finally:
            self._model.load_state_dict(before, strict=False)

    def _followed(self) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in self._model.state_dict().items() if tensor.is_floating_point()}
