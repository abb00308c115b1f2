import pytest
import torch
from torch import nn

from apparel_eye.vision import backbones, device


def test_each_precision_that_is_timed_is_one_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_SIZE", 64)
    monkeypatch.setattr(device, "_REPETITIONS", 1)
    weights = backbones.pretrained_weights("test_resnet", "none", seed=1)
    chosen = device.fastest_precisions("test_resnet", weights)
    assert set(chosen) == {"predict", "train"}
    assert set(chosen.values()) <= set(device.DTYPES)


@pytest.mark.parametrize("fast", ["float32", "bfloat16"])
def test_the_precision_with_the_shortest_time_is_chosen(fast: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    dtypes = []

    def work() -> None:
        dtypes.append((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)

    def seconds(timed: object, where: torch.device) -> float:
        work()
        return 1.0 if dtypes[-1] == device.DTYPES[fast] else 2.0

    monkeypatch.setattr(device, "_seconds", seconds)
    assert device._fastest(work, cpu) == fast


@pytest.mark.parametrize("precision", device.DTYPES)
def test_matrix_products_have_the_precision_and_weights_stay_single(precision: str) -> None:
    model = nn.Linear(3, 2)
    with device.autocast(torch.device("cpu"), precision):
        assert model(torch.ones(1, 3)).dtype == device.DTYPES[precision]
    assert model.weight.dtype == torch.float32


def test_convolutions_are_laid_out_channels_last() -> None:
    moved = device.to_device(nn.Conv2d(4, 8, 3), torch.device("cpu"))
    assert moved.weight.is_contiguous(memory_format=torch.channels_last)
