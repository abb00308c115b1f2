from pathlib import Path

import pytest
import timm

from apparel_eye.errors import UsageError
from apparel_eye.networks.backbone_names import check_backbone, check_source


def test_every_name_of_timm_is_taken() -> None:
    old = timm.models._registry._deprecated_models
    names = [*timm.list_models(), *timm.list_models(include_tags=True), *old]
    assert len(old) > 200
    assert len(names) > 3000
    for name in names:
        check_backbone(name)


def test_no_architecture_is_taken_that_timm_does_not_have() -> None:
    for name in timm.list_models()[::50]:  # looking for the nearest takes a moment for each
        wrong = f"{name[:-1]}_{name[-1]}"
        assert not timm.is_model(wrong)
        with pytest.raises(UsageError, match=f"train.backbone is '{wrong}', which timm does not have"):
            check_backbone(wrong)


@pytest.mark.fault(112)
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("resnet999", "resnet50"),
        ("tf_efficientnet_lit0", "tf_efficientnet_lite0"),
        ("resnet50.a1_in2k", "resnet50.a1_in1k"),
        ("resnext101_64x4d.c1_in1", "resnext101_64x4d.c1_in1k"),
        ("resnet", "resnet"),
        ("weight", ""),
        ("", ""),
    ],
)
def test_three_names_that_exist_are_brought(name: str, nearest: str) -> None:
    with pytest.raises(UsageError, match=r"the nearest are ") as caught:
        check_backbone(name)
    brought = str(caught.value).partition("the nearest are ")[2].split(", ")
    assert len(brought) == 3
    assert set(brought) <= {*timm.list_models(), *timm.list_models(include_tags=True)}
    assert any(nearest in one for one in brought)


def test_weights_that_can_be_had_are_taken(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").touch()
    for source in ("hub", "none", str(tmp_path / "weights.safetensors")):
        check_source("test_resnet", source)
    check_source("tf_efficientnet_lite0", "bundled")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("bundled", "weights of tf_efficientnet_lite0 only, not of test_resnet"),
        ("hbu", "did you mean hub"),
        ("weights.pth", "neither hub, bundled or none, nor a .safetensors file that exists$"),
        ("missing.safetensors", "that exists$"),
    ],
)
def test_weights_that_cannot_be_had_are_refused(source: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_source("test_resnet", source)
