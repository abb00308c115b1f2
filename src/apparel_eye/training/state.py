"""All that training between two steps consists of, as arrays and numbers, and back with the same bits."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from apparel_eye.training.ema import Average

Arrays = Mapping[str, NDArray[Any]]
Numbers = Mapping[str, float]


def arrays_of(model: nn.Module, optimizer: Optimizer, average: Average, loss_sum: Tensor) -> dict[str, NDArray[Any]]:
    """Weights, their average, the optimizer's moments, and the loss so far of the epoch."""
    tensors = {
        **{f"model/{name}": tensor for name, tensor in model.state_dict().items()},
        **{f"average/{name}": tensor for name, tensor in average.values.items()},
        **{f"optimizer/{place}": known for place, known in _known(optimizer) if isinstance(known, Tensor)},
        "loss_sum": loss_sum,
    }
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}


def numbers_of(optimizer: Optimizer) -> dict[str, float]:
    """What an optimizer counts beside its moments."""
    return {place: known for place, known in _known(optimizer) if not isinstance(known, Tensor)}


@torch.no_grad()
def fill(
    model: nn.Module, optimizer: Optimizer, average: Average, loss_sum: Tensor, arrays: Arrays, numbers: Numbers
) -> None:
    """Fill what ``arrays_of`` and ``numbers_of`` were given, in place."""
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    model.load_state_dict(_below("model", tensors))
    for name, value in _below("average", tensors).items():
        average.values[name].copy_(value)
    tree = optimizer.state_dict()
    for place, known in {**_below("optimizer", tensors), **numbers}.items():
        part, index, name = place.split("/")
        (tree["state"].setdefault(int(index), {}) if part == "state" else tree[part][int(index)])[name] = known
    optimizer.load_state_dict(tree)
    for parameter, own in optimizer.state.items():  # laid out as the weights: other strides are other rounding
        for kind, tensor in own.items():
            if isinstance(tensor, Tensor) and tensor.shape == parameter.shape:
                own[kind] = torch.empty_like(parameter).copy_(tensor)
    loss_sum.copy_(tensors["loss_sum"])


def _known(optimizer: Optimizer) -> Iterator[tuple[str, Any]]:
    """Moments of each parameter; of each group what is a number, since it may have been counted up."""
    tree = optimizer.state_dict()
    for index, moments in tree["state"].items():
        yield from ((f"state/{index}/{name}", known) for name, known in moments.items())
    for index, group in enumerate(tree["param_groups"]):
        numbers = {name: known for name, known in group.items() if isinstance(known, int | float | Tensor)}
        yield from ((f"param_groups/{index}/{name}", known) for name, known in numbers.items())


def _below(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
