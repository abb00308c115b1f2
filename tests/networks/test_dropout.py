from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from apparel_eye.networks.dropout import Dropout, Part, set_part

SIZE = 64


@pytest.fixture
def model() -> nn.Module:
    return nn.Sequential(Dropout(0.25), nn.Identity(), Dropout(0.5)).train()


def kept_by(model: nn.Module, seed: int, part: Part) -> list[Tensor]:
    """What each of the two keeps of ones, scaled."""
    set_part(model, seed, part)
    return [model[at](torch.ones(part.stop - part.start, 100)) for at in (0, 2)]


@pytest.mark.parametrize(("at", "share"), [(0, 0.25), (1, 0.5)])
def test_a_share_is_dropped_and_the_rest_scaled_so_that_the_expectation_stays(
    model: nn.Module, at: int, share: float
) -> None:
    kept = kept_by(model, 7, Part(0, SIZE, SIZE))[at]
    assert sorted(set(kept.flatten().tolist())) == pytest.approx([0, 1 / (1 - share)])
    deviation = (share / (1 - share) / kept.numel()) ** 0.5
    assert kept.mean().item() == pytest.approx(1, abs=4 * deviation)


@pytest.mark.parametrize("cuts", [[0, 64], [0, 1, 64], [0, 16, 32, 48, 64], [0, 7, 8, 50, 64]])
def test_what_is_dropped_does_not_depend_on_the_parts_nor_on_what_was_drawn_before(
    model: nn.Module, cuts: list[int]
) -> None:
    whole = kept_by(model, 7, Part(0, SIZE, SIZE))
    torch.rand(3)
    parts = [kept_by(model, 7, Part(first, last, SIZE)) for first, last in pairwise(cuts)]
    for at in (0, 1):
        assert torch.equal(torch.cat([part[at] for part in parts]), whole[at])


def test_layers_and_steps_drop_differently(model: nn.Module) -> None:
    seen = [tensor > 0 for seed in (7, 10**15) for tensor in kept_by(model, seed, Part(0, SIZE, SIZE))]
    for number, first in enumerate(seen):
        for second in seen[number + 1 :]:
            assert (first == second).float().mean() < 0.75


@pytest.mark.parametrize(("share", "training"), [(0.5, False), (0.0, True)])
def test_features_pass_where_nothing_is_to_be_dropped(share: float, training: bool) -> None:
    features = torch.rand(3, 4)
    assert Dropout(share).train(training)(features) is features
