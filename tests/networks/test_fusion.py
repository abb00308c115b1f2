from functools import partial

import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn

from apparel_eye.activations.extract import _maps_of_level
from apparel_eye.data.sizes import Size
from apparel_eye.networks import backbones
from apparel_eye.networks.backbones import feature_maps
from apparel_eye.networks.fusion import fused


def trained(model: nn.Module) -> nn.Module:
    """As if it had been trained: batch norms whose numbers all matter."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.8, 1.2)
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.normal_(module.bias, 0, 0.3)
    return model.eval()


def num_of(kind: type[nn.Module], model: nn.Module) -> int:
    return sum(isinstance(module, kind) for module in model.modules())


def photos(size: Size) -> Tensor:
    return torch.randn(3, 3, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (65, 47), (50, 71)])
@pytest.mark.parametrize(
    "name", ["tf_efficientnet_lite0", "test_resnet", "seresnext26d_32x4d", "tf_mobilenetv3_small_100"]
)
@torch.inference_mode()
def test_maps_are_the_same(name: str, size: Size) -> None:
    model = trained(backbones.create(name, size))
    quick = fused(model, feature_maps, size)
    assert num_of(nn.BatchNorm2d, model) > 10
    assert num_of(nn.BatchNorm2d, quick) == num_of(Conv2dSame, quick) == 0
    expected = feature_maps(model, photos(size))
    assert expected.std() > 1e-2
    torch.testing.assert_close(feature_maps(quick, photos(size)), expected, rtol=1e-3, atol=1e-3)


@torch.inference_mode()
def test_what_has_a_batch_norm_first_keeps_it() -> None:
    model = trained(backbones.create("densenet121", (64, 64)))
    quick = fused(model, feature_maps, (64, 64))
    assert 0 < num_of(nn.BatchNorm2d, quick) < num_of(nn.BatchNorm2d, model)
    torch.testing.assert_close(
        feature_maps(quick, photos((64, 64))), feature_maps(model, photos((64, 64))), rtol=1e-3, atol=1e-3
    )


@torch.inference_mode()
def test_maps_of_a_level_are_the_same() -> None:
    model = trained(backbones.create("tf_efficientnet_lite0"))
    of_level = partial(_maps_of_level, level=2)
    quick = fused(model, of_level, (64, 48))
    expected = of_level(model, photos((64, 48)))
    torch.testing.assert_close(of_level(quick, photos((64, 48))), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["test_resnet", "tf_mobilenetv3_small_100"])
def test_the_network_itself_stays_as_it_is(name: str) -> None:
    model = trained(backbones.create(name))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    generator = torch.random.get_rng_state()
    fused(model, feature_maps, (32, 32))
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.equal(torch.random.get_rng_state(), generator)


def test_a_network_without_batch_norms_is_returned() -> None:
    model = backbones.create("vit_tiny_patch16_224").eval()
    assert fused(model, feature_maps, (224, 224)) is model


class Branches(nn.Module):
    """Uses what a convolution gives beside its batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, seen: Tensor) -> Tensor:
        between = self.convolution(seen)
        maps: Tensor = self.norm(between) + between
        return maps


class Shared(nn.Module):
    """Convolutions of the same weights, each with a batch norm of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norms = nn.Conv2d(3, 3, 1), nn.ModuleList([nn.BatchNorm2d(3), nn.BatchNorm2d(3)])

    def forward(self, seen: Tensor) -> Tensor:
        for norm in self.norms:
            seen = norm(self.convolution(seen))
        return seen


@torch.inference_mode()
def test_margins_stay_as_they_are_for_a_gpu() -> None:
    model = trained(backbones.create("tf_efficientnet_lite0"))
    quick = fused(model, feature_maps, (64, 48), "cuda")
    assert num_of(nn.BatchNorm2d, quick) == 0
    assert num_of(Conv2dSame, quick) == num_of(Conv2dSame, model) > 0
    torch.testing.assert_close(
        feature_maps(quick, photos((64, 48))), feature_maps(model, photos((64, 48))), rtol=1e-3, atol=1e-3
    )


@torch.inference_mode()
def test_a_batch_norm_of_each_batch_stays() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)).eval()
    quick = fused(model, lambda network, seen: network(seen), (8, 8))
    torch.testing.assert_close(quick(photos((8, 8))), model(photos((8, 8))))


@pytest.mark.parametrize("kind", [Branches, Shared])
def test_a_network_that_folding_would_change_is_returned(
    kind: type[nn.Module], caplog: pytest.LogCaptureFixture
) -> None:
    model = trained(kind())
    with caplog.at_level("INFO"):
        assert fused(model, lambda network, seen: network(seen), (8, 8)) is model
    assert "predicts as it is" in caplog.text


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@torch.inference_mode()
def test_any_batch_norm_and_convolution_fold(affine: bool, bias: bool) -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(6, affine=affine)
    norm.running_mean, norm.running_var = torch.randn(6), torch.rand(6) + 0.5
    if affine:
        norm.weight, norm.bias = nn.Parameter(torch.randn(6)), nn.Parameter(torch.randn(6))
    model = nn.Sequential(nn.Conv2d(3, 6, 3, groups=3, bias=bias), norm, nn.ReLU()).eval()
    quick = fused(model, lambda network, seen: network(seen), (9, 7))
    assert num_of(nn.BatchNorm2d, quick) == 0
    torch.testing.assert_close(quick(photos((9, 7))), model(photos((9, 7))), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dilation", [1, 2])
@torch.inference_mode()
def test_a_convolution_of_any_shape_pads_alike(stride: int, kernel: int, dilation: int) -> None:
    torch.manual_seed(0)
    for size in [(8, 9), (9, 10), (7, 12)]:
        model = nn.Sequential(Conv2dSame(3, 4, kernel, stride, dilation=dilation)).eval()
        quick = fused(model, lambda network, seen: network(seen), size)
        torch.testing.assert_close(quick(photos(size)), model(photos(size)), rtol=1e-4, atol=1e-5)
        assert quick is not model
