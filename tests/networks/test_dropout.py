from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from apparel_eye.networks.dropout import BatchShare, Dropout, set_batch_share

SIZE = 64


@pytest.fixture
def model() -> nn.Module:
    return nn.Sequential(Dropout(0.25), nn.Identity(), Dropout(0.5)).train()


def kept_by(model: nn.Module, seed: int, share_of_batch: BatchShare) -> list[Tensor]:
    """What each of the two keeps of ones, scaled."""
    set_batch_share(model, seed, share_of_batch)
    return [model[at](torch.ones(share_of_batch.stop - share_of_batch.start, 100)) for at in (0, 2)]


@pytest.mark.parametrize(("at", "share"), [(0, 0.25), (1, 0.5)])
def test_a_share_is_dropped_and_the_rest_scaled_so_that_the_expectation_stays(
    model: nn.Module, at: int, share: float
) -> None:
    kept = kept_by(model, 7, BatchShare(0, SIZE, SIZE))[at]
    assert sorted(set(kept.flatten().tolist())) == pytest.approx([0, 1 / (1 - share)])
    deviation = (share / (1 - share) / kept.numel()) ** 0.5
    assert kept.mean().item() == pytest.approx(1, abs=4 * deviation)


@pytest.mark.parametrize("cuts", [[0, 64], [0, 1, 64], [0, 16, 32, 48, 64], [0, 7, 8, 50, 64]])
def test_what_is_dropped_does_not_depend_on_the_parts_nor_on_what_was_drawn_before(
    model: nn.Module, cuts: list[int]
) -> None:
    whole = kept_by(model, 7, BatchShare(0, SIZE, SIZE))
    torch.rand(3)
    parts = [kept_by(model, 7, BatchShare(first, last, SIZE)) for first, last in pairwise(cuts)]
    for at in (0, 1):
        assert torch.equal(torch.cat([share_of_batch[at] for share_of_batch in parts]), whole[at])


def test_layers_and_steps_drop_differently(model: nn.Module) -> None:
    seen = [tensor > 0 for seed in (7, 10**15) for tensor in kept_by(model, seed, BatchShare(0, SIZE, SIZE))]
    for number, first in enumerate(seen):
        for second in seen[number + 1 :]:
            assert (first == second).float().mean() < 0.75


@pytest.mark.parametrize(("share", "training"), [(0.5, False), (0.0, True)])
def test_features_pass_where_nothing_is_to_be_dropped(share: float, training: bool) -> None:
    features = torch.rand(3, 4)
    assert Dropout(share).train(training)(features) is features
