"""All that training between two steps consists of, as arrays, and back with the same bits."""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from apparel_eye.training.ema import Average

Arrays = Mapping[str, NDArray[Any]]


def arrays_of(model: nn.Module, optimizer: Optimizer, average: Average, loss_sum: Tensor) -> dict[str, NDArray[Any]]:
    """Weights, their average, the optimizer's moments, and the loss so far of the epoch."""
    tensors = {
        **{f"model/{name}": tensor for name, tensor in model.state_dict().items()},
        **{f"average/{name}": tensor for name, tensor in average.values.items()},
        **{
            f"optimizer/{index}/{name}": tensor
            for index, moments in optimizer.state_dict()["state"].items()
            for name, tensor in moments.items()
        },
        "loss_sum": loss_sum,
    }
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}


@torch.no_grad()
def fill(model: nn.Module, optimizer: Optimizer, average: Average, loss_sum: Tensor, arrays: Arrays) -> None:
    """Fill what ``arrays_of`` was given, in place."""
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    model.load_state_dict(_below("model", tensors))
    for name, value in _below("average", tensors).items():
        average.values[name].copy_(value)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _below("optimizer", tensors).items():
        index, _, kind = name.partition("/")
        moments.setdefault(int(index), {})[kind] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    for parameter, own in optimizer.state.items():  # laid out as the weights: other strides are other rounding
        for kind, tensor in own.items():
            if tensor.shape == parameter.shape:
                own[kind] = torch.empty_like(parameter).copy_(tensor)
    loss_sum.copy_(tensors["loss_sum"])


def _below(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
