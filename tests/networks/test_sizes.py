import re

import pytest

from apparel_eye.data.sizes import stage_size
from apparel_eye.errors import UsageError
from apparel_eye.networks.sizes import check_size, multiple_of


@pytest.mark.parametrize(
    ("name", "multiple"),
    [
        ("test_resnet", 32),
        ("test_vit", 32),
        ("swin_tiny_patch4_window7_224", 32),
        ("vit_small_patch14_dinov2", 28),
        ("vit_tiny_r_s16_p8_224", 32),
    ],
)
def test_photos_are_cut_into_whole_patches(name: str, multiple: int) -> None:
    assert multiple_of(name) == multiple


@pytest.mark.parametrize(
    "name", ["test_resnet", "test_convnext", "test_vit", "test_maxvit", "vit_small_patch14_dinov2"]
)
@pytest.mark.parametrize("area", [9216, 50176, 89401, 262144])
def test_a_size_that_an_area_gets_fits(name: str, area: int) -> None:
    check_size(name, area, "train.stages.small.size")
    check_size(name, stage_size(area, [3], [2], multiple_of(name)), "train.stages.small.size")


@pytest.mark.fault(111)
@pytest.mark.parametrize(
    ("name", "size", "why", "fitting"),
    [
        ("test_vit", (170, 160), "cuts photos into patches of 16 pixels", [(160, 160), (176, 160)]),
        ("vit_small_patch14_dinov2", (224, 160), "cuts photos into patches of 14 pixels", [(224, 154), (224, 168)]),
        ("test_maxvit", (170, 160), "cannot compute with such photos", [(160, 160), (192, 160)]),
        ("hiera_tiny_224", (224, 160), "is made for photos of one size", [(224, 224)]),
    ],
)
def test_a_size_that_does_not_fit_is_refused_with_those_that_do(
    name: str, size: tuple[int, int], why: str, fitting: list[tuple[int, int]]
) -> None:
    remedy = " or ".join(str(list(near)) for near in fitting)
    message = f"train.stages.small.size is {list(size)}, but {name} {why}; give {remedy}"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        check_size(name, size, "train.stages.small.size")
    for near in fitting:
        check_size(name, near, "train.stages.small.size")


@pytest.mark.parametrize("size", [(32, 32), (47, 61), (170, 160)])
def test_convolutional_networks_take_any_size(size: tuple[int, int]) -> None:
    check_size("test_resnet", size, "activations.size")


def test_a_network_without_feature_maps_is_refused() -> None:
    with pytest.raises(UsageError, match=r"activations\.size is 50176, but pit_ti_224 cannot.*choose another train"):
        check_size("pit_ti_224", 50176, "activations.size")
