import re
from itertools import chain

import pytest
import torch

from apparel_eye.errors import UsageError
from apparel_eye.networks.classifier import Classifier, Description
from apparel_eye.networks.layer_groups import layer_groups, parameter_groups

SIZES = {
    "test_resnet": 64,
    "test_convnext": 64,
    "test_efficientnet": 64,
    "test_vit": 160,
    "test_vit3": 160,
    "resnext50_32x4d": 64,
    "seresnext50_32x4d": 64,
    "legacy_seresnext50_32x4d": 64,
    "nasnetalarge": 96,
    "tf_efficientnet_lite0": 64,
    "swin_tiny_patch4_window7_224": 224,
}


@pytest.fixture(scope="module")
def models() -> dict[str, Classifier]:
    """Those that were made: some take a second."""
    return {}


@pytest.fixture
def model(backbone: str, description: Description, models: dict[str, Classifier]) -> Classifier:
    """Without numbers: the names and shapes of the parameters are what counts; only to be read."""
    if backbone not in models:
        size = (SIZES.get(backbone, 224), SIZES.get(backbone, 224))
        with torch.device("meta"):
            models[backbone] = Classifier(description.model_copy(update={"backbone": backbone, "size": size}))
    return models[backbone]


def modules_of(names: list[str], depth: int) -> list[str]:
    """The parts of the backbone that parameters belong to, in order."""
    numbered = (re.sub(r"^backbone\.", "", name).split(".")[:depth] for name in names)
    return list(dict.fromkeys(".".join(name) for name in numbered))


@pytest.mark.parametrize("num_groups", range(1, 7))
@pytest.mark.parametrize("backbone", SIZES)
def test_layer_groups_hold_each_parameter_once(model: Classifier, num_groups: int) -> None:
    groups = layer_groups(model, num_groups)
    assert len(groups) == num_groups
    assert all(groups)
    assert sorted(chain.from_iterable(groups)) == sorted(name for name, _ in model.named_parameters())


@pytest.mark.parametrize("num_groups", range(2, 7))
@pytest.mark.parametrize("backbone", SIZES)
def test_the_last_group_is_the_head_and_the_first_has_the_stem(model: Classifier, num_groups: int) -> None:
    groups = layer_groups(model, num_groups)
    assert groups[-1] == [f"head.{name}" for name, _ in model.head.named_parameters()]
    stem = (
        "patch_embed" if hasattr(model.backbone, "patch_embed") else next(iter(dict(model.backbone.named_children())))
    )
    assert any(name.startswith(f"backbone.{stem}") for name in groups[0])


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_two_groups_are_the_backbone_and_the_head(model: Classifier) -> None:
    assert layer_groups(model, 2)[0] == [f"backbone.{name}" for name, _ in model.backbone.named_parameters()]


@pytest.mark.parametrize(
    ("backbone", "depth", "last_early", "first_late"),
    [
        ("test_resnet", 1, "layer2", "layer3"),
        ("resnext50_32x4d", 1, "layer2", "layer3"),
        ("seresnext50_32x4d", 1, "layer2", "layer3"),
        ("legacy_seresnext50_32x4d", 1, "layer2", "layer3"),
        ("test_convnext", 2, "stages.1", "stages.2"),
        ("test_efficientnet", 2, "blocks.2", "blocks.3"),
        ("tf_efficientnet_lite0", 2, "blocks.2", "blocks.3"),
        ("swin_tiny_patch4_window7_224", 2, "layers.1", "layers.2"),
        ("nasnetalarge", 1, "cell_5", "reduction_cell_0"),
    ],
)
def test_networks_are_cut_where_maps_have_an_eighth_of_the_side(
    model: Classifier, depth: int, last_early: str, first_late: str
) -> None:
    early, late, _ = (modules_of(group, depth) for group in layer_groups(model, 3))
    assert (early[-1], late[0]) == (last_early, first_late)
    assert set(early).isdisjoint(late)


@pytest.mark.parametrize(("backbone", "num_early"), [("test_vit", 3), ("test_vit3", 5)])
def test_networks_without_a_pyramid_are_cut_after_half_of_the_blocks(model: Classifier, num_early: int) -> None:
    early, late, _ = layer_groups(model, 3)
    num_blocks = len(model.backbone.blocks)
    assert num_early == -(-num_blocks // 2)
    assert [name for name in modules_of(early, 2) if name.startswith("blocks.")] == [
        f"blocks.{number}" for number in range(num_early)
    ]
    assert "backbone.patch_embed.proj.weight" in early
    assert "backbone.norm.weight" in late


@pytest.mark.parametrize("backbone", ["resnext50_32x4d"])
def test_more_parts_have_as_equal_numbers_of_blocks_as_can_be(model: Classifier) -> None:
    """The stem and 3 + 4 + 6 + 3 blocks, by four: 17 layers are 5 + 4 + 4 + 4."""
    groups = [modules_of(group, 2) for group in layer_groups(model, 5)[:-1]]
    blocks = [[name for name in group if name.startswith("layer")] for group in groups]
    assert blocks == [
        ["layer1.0", "layer1.1", "layer1.2", "layer2.0"],
        ["layer2.1", "layer2.2", "layer2.3", "layer3.0"],
        ["layer3.1", "layer3.2", "layer3.3", "layer3.4"],
        ["layer3.5", "layer4.0", "layer4.1", "layer4.2"],
    ]


@pytest.mark.parametrize("backbone", ["test_resnet"])
def test_more_groups_than_layers_are_refused(model: Classifier) -> None:
    with pytest.raises(UsageError, match=r"layer_group_factors has 7 numbers, but test_resnet has 5 layers.*at most 6"):
        layer_groups(model, 7)


@pytest.mark.parametrize("backbone", ["poolformer_s12"])
def test_a_network_whose_layers_timm_does_not_know_is_one_group(model: Classifier) -> None:
    assert len(layer_groups(model, 2)) == 2
    with pytest.raises(UsageError, match="timm knows no layer groups of poolformer_s12; give two numbers"):
        layer_groups(model, 3)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_convnext"])
@pytest.mark.parametrize("factors", [(1.0,), (0.01, 1.0), (0.01, 0.1, 1.0), (0.001, 0.01, 0.1, 1.0)])
def test_parameter_groups_have_the_factors_and_each_parameter_once(
    model: Classifier, factors: tuple[float, ...]
) -> None:
    groups = parameter_groups(model, factors)
    assert tuple(group["factor"] for group in groups) == factors
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
