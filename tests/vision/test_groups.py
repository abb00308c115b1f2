from itertools import chain

import pytest
import torch

from apparel_eye.vision.classifier import Classifier, Description
from apparel_eye.vision.groups import layer_groups, parameter_groups

SIZES = {
    "test_resnet": 64,
    "test_convnext": 64,
    "test_vit": 160,
    "resnext50_32x4d": 64,
    "nasnetalarge": 64,
    "tf_efficientnet_lite0": 64,
    "seresnext50_32x4d": 64,
}


@pytest.fixture
def model(backbone: str, description: Description) -> Classifier:
    """Without numbers: the names and shapes of the parameters are what counts."""
    size = (SIZES[backbone], SIZES[backbone])
    with torch.device("meta"):
        return Classifier(description.model_copy(update={"backbone": backbone, "size": size}))


@pytest.mark.parametrize("backbone", SIZES)
def test_layer_groups_hold_each_parameter_once(model: Classifier) -> None:
    groups = layer_groups(model)
    assert len(groups) == 3
    assert all(groups)
    assert sorted(chain.from_iterable(groups)) == sorted(name for name, _ in model.named_parameters())


@pytest.mark.parametrize("backbone", SIZES)
def test_the_last_group_is_the_head(model: Classifier) -> None:
    assert layer_groups(model)[2] == [f"head.{name}" for name, _ in model.head.named_parameters()]


@pytest.mark.parametrize(
    ("backbone", "early", "late"),
    [
        ("test_resnet", {"conv1", "bn1", "layer1", "layer2"}, {"layer3", "layer4"}),
        ("resnext50_32x4d", {"conv1", "bn1", "layer1", "layer2"}, {"layer3", "layer4"}),
        ("seresnext50_32x4d", {"conv1", "bn1", "layer1", "layer2"}, {"layer3", "layer4"}),
        ("test_convnext", {"stem", "stages.0", "stages.1"}, {"stages.2", "stages.3", "head"}),
        (
            "tf_efficientnet_lite0",
            {"conv_stem", "bn1", "blocks.0", "blocks.1", "blocks.2"},
            {"blocks.3", "blocks.4", "blocks.5", "blocks.6", "conv_head", "bn2"},
        ),
    ],
)
def test_networks_are_cut_where_maps_have_an_eighth_of_the_side(
    model: Classifier, early: set[str], late: set[str]
) -> None:
    def modules(names: list[str]) -> set[str]:
        return {".".join(name.split(".")[1 : 3 if ".blocks." in name or ".stages." in name else 2]) for name in names}

    groups = layer_groups(model)
    assert modules(groups[0]) == early
    assert modules(groups[1]) == late


@pytest.mark.parametrize("backbone", ["test_vit"])
def test_networks_without_a_pyramid_are_cut_in_the_middle(model: Classifier) -> None:
    early, late, _ = layer_groups(model)
    num_blocks = len(model.backbone.blocks)
    first_late = min(number for number in range(num_blocks) if f"backbone.blocks.{number}.norm1.weight" in late)
    assert 1 <= first_late <= num_blocks - 1
    assert "backbone.patch_embed.proj.weight" in early
    assert "backbone.norm.weight" in late


@pytest.mark.parametrize("backbone", ["test_resnet", "test_convnext"])
def test_parameter_groups_have_the_factors_and_each_parameter_once(model: Classifier) -> None:
    groups = parameter_groups(model, (0.01, 0.1, 1.0))
    assert [group["factor"] for group in groups] == [0.01, 0.1, 1.0]
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
