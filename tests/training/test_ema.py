from contextlib import suppress

import pytest
import torch
from torch import nn

from apparel_eye.training.ema import Average


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def step(model: nn.Module, number: int) -> None:
    """Other weights and statistics."""
    torch.manual_seed(number)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.copy_(torch.randint_like(tensor, 9) if tensor.ndim == 0 else torch.randn_like(tensor))


def copy_of(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_the_average_is_the_start_and_each_step_weighed_by_their_age(model: nn.Module) -> None:
    weights = [copy_of(model)]
    average = Average(model, 0.9)
    for number in range(1, 6):
        step(model, number)
        average.update()
        weights.append(copy_of(model))
    for name, found in average.values.items():
        shares = [0.9**5, *(0.1 * 0.9 ** (5 - number) for number in range(1, 6))]
        expected = sum(share * each[name] for share, each in zip(shares, weights, strict=True))
        torch.testing.assert_close(found, expected)
    assert set(weights[0]) - set(average.values) == {"1.num_batches_tracked"}


def test_a_step_has_the_bits_of_an_interpolation_of_each_tensor(model: nn.Module) -> None:
    average, expected = Average(model, 0.999), copy_of(model)
    for number in range(1, 6):
        step(model, number)
        average.update()
        expected = {name: expected[name].lerp(model.state_dict()[name], 1 - 0.999) for name in average.values}
    assert all(torch.equal(found, expected[name]) for name, found in average.values.items())


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_averaged_weights_are_in_the_model_for_a_while_only(model: nn.Module, decay: float) -> None:
    average = Average(model, decay)
    step(model, 1)
    average.update()
    before = copy_of(model)
    with suppress(RuntimeError), average.applied():
        within = copy_of(model)
        raise RuntimeError("an error on the way")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    expected = before | average.values
    assert all(torch.equal(tensor, expected[name]) for name, tensor in within.items())
    assert torch.equal(within["0.weight"], before["0.weight"]) == (decay == 0)


def test_without_decay_nothing_is_kept(model: nn.Module) -> None:
    average = Average(model, 0)
    average.update()
    assert average.values == {}
