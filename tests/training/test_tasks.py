from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.parameters import PhaseParameters, TrainParameters
from apparel_eye.training.tasks import train_mode

Train = Callable[..., Iterator[Checkpoint]]


@pytest.mark.parametrize("freeze_statistics", [True, False])
def test_batch_norm_alone_stays_as_in_evaluation_where_statistics_are_frozen(freeze_statistics: bool) -> None:
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.Flatten(), nn.BatchNorm1d(2), nn.Dropout()).eval()
    train_mode(model, freeze_statistics)
    assert [module.training for module in model] == [True, not freeze_statistics, True, not freeze_statistics, True]
    before = model[3].running_mean.clone()
    model(torch.rand(4, 3, 1, 1))
    assert torch.equal(model[3].running_mean, before) == freeze_statistics


def test_a_compiled_network_learns_the_same(
    fine_tune: Train, train: TrainParameters, short: PhaseParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[object]) -> Callable[..., object]:
        graphs.append(len(inputs))
        return graph.forward  # turning it into C++ takes a minute

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    one_step = (short.model_copy(update={"num_cycles": 1}), train.model_copy(update={"batch_size": 9}))
    *_, as_it_is = fine_tune(*one_step)
    assert graphs == []
    *_, compiled = fine_tune(one_step[0], one_step[1].model_copy(update={"compile": True}))
    assert len(graphs) >= 2  # to train and to predict
    assert set(compiled.of("last")) == set(as_it_is.of("last"))
    for name, array in as_it_is.of("last").items():
        np.testing.assert_allclose(compiled.of("last")[name], array, atol=1e-6)
