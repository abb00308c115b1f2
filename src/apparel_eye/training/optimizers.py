"""Optimizers by timm's names, each with a learning rate for each layer group and a state that is kept to the bit."""

import json
from inspect import signature
from typing import Any

import torch
from timm import optim
from torch import Tensor, nn
from torch.optim import Optimizer

from apparel_eye.errors import UsageError, nearest
from apparel_eye.parameters import OptimizerParameters
from apparel_eye.training import state
from apparel_eye.training.ema import Average

_timm: Any = optim  # it names what it offers in no way that mypy reads


def create(
    groups: list[dict[str, Any]], optimizer: OptimizerParameters, weight_decay: float, highest_rate: float
) -> Optimizer:
    """An optimizer with timm's defaults, and torch's fused steps where it has them.

    Args:
        groups: of parameters, each with its ``factor`` of the learning rate; rates are set at each step.
        optimizer: name and settings.
        weight_decay: of all groups.
        highest_rate: that there will be; some optimizers decay weights by the share that a group's rate is of it.
    """
    known = signature(_timm.get_optimizer_class(optimizer.name, bind_defaults=False)).parameters
    created: Optimizer = _timm.create_optimizer_v2(
        groups,
        opt=optimizer.name,
        lr=highest_rate,
        weight_decay=weight_decay,
        **({"fused": True} if "fused" in known else {}),
        **optimizer.settings,
    )
    return created


def check(optimizer: OptimizerParameters) -> None:
    """Refuse an optimizer that cannot train here, or that would not go on from a state with the same bits.

    A small network is trained with it for a few steps, once through and once stopped in between.

    Raises:
        UsageError: with the nearest names, or what was tried.
    """
    names = _timm.list_optimizers()
    if optimizer.name not in names:
        raise UsageError(f"train.optimizer.name is {optimizer.name!r}; {nearest(optimizer.name, names)}")
    try:
        whole, stopped = _trained(optimizer, is_stopped=False), _trained(optimizer, is_stopped=True)
    except Exception as error:  # of all kinds: libraries that are missing, settings unknown, gradients of gradients
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"train.optimizer: {optimizer.name} with the settings {dict(optimizer.settings)} cannot be used here: "
            f"{why}; choose another name or other settings"
        ) from error
    if not all(map(torch.equal, whole, stopped)):
        raise UsageError(
            f"train.optimizer.name is {optimizer.name!r}, whose state cannot be kept to the bit, so that training "
            "could not be stopped; choose another"
        )


def _trained(optimizer: OptimizerParameters, is_stopped: bool) -> list[Tensor]:
    """Weights after some steps, with new objects that were filled in the middle if it is stopped."""
    with torch.random.fork_rng(devices=[]), torch.compiler.set_stance("force_eager"):  # compiling may take minutes
        model, own = _network(optimizer)
        for step in range(4):
            if is_stopped and step == 2:
                arrays = state.arrays_of(model, own, Average(model, 0), torch.zeros(()))
                numbers = json.loads(json.dumps(state.numbers_of(own)))  # as a file has them
                model, own = _network(optimizer)
                state.fill(model, own, Average(model, 0), torch.zeros(()), arrays, numbers)
            torch.manual_seed(step)
            own.zero_grad()
            model(torch.rand(3, 2, 4, 4)).square().mean().backward()
            own.step()
        return [parameter.detach() for parameter in model.parameters()]


def _network(optimizer: OptimizerParameters) -> tuple[nn.Module, Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))
    groups = [
        {"params": list(layers.parameters()), "factor": factor}
        for layers, factor in ((model[:2], 0.1), (model[2:], 1.0))
    ]
    return model, create(groups, optimizer, weight_decay=0.01, highest_rate=0.01)
