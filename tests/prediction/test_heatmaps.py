import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apparel_eye.networks import backbones, heads
from apparel_eye.networks.classifier import Classifier, Description
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import HeadParameters
from apparel_eye.prediction.heatmaps import contributions, heatmaps
from apparel_eye.training.phases import train_mode

PLACES = (5, 3)
"""Rows and columns of a planted feature map."""
CELL = 7
"""Pixels of a photo along each side of one place; odd, so that the place's center is a pixel."""
SIZE = (PLACES[0] * CELL, PLACES[1] * CELL)


@pytest.fixture
def linear(head: HeadParameters) -> HeadParameters:
    return head.model_copy(update={"hidden": ()})


def random_classifier(description: Description) -> Classifier:
    """Random weights and statistics, in evaluation mode."""
    torch.manual_seed(0)
    model = Classifier(description).eval()
    for name, tensor in model.state_dict().items():
        if name.endswith("running_mean"):
            tensor.normal_(std=0.1)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif name.startswith("head.") and tensor.is_floating_point():
            tensor.normal_(std=0.3)
    return model


def planted(description: Description, head: HeadParameters, feature_map: torch.Tensor) -> Classifier:
    """A network whose feature map is given, with a linear head that no filter speaks to."""
    model = Classifier(description.model_copy(update={"head": head})).eval()
    model.head = heads.Head(model.pool(feature_map).shape[1], 3, head).eval()
    torch.nn.init.zeros_(model.head.linear[2].weight)
    model.backbone.forward_features = lambda photos: feature_map.expand(len(photos), -1, -1, -1)
    return model


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    return np.zeros((1, *SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize("pooling", list(heads.POOLINGS))
@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit", "test_convnext"])
def test_contributions_of_a_linear_head_add_up_to_the_logit_less_that_of_nothing(
    description: Description, linear: HeadParameters, backbone: str, pooling: str
) -> None:
    head = linear.model_copy(update={"pooling": pooling})
    described = description.model_copy(update={"backbone": backbone, "size": (96, 64), "head": head})
    model = random_classifier(described)
    with torch.no_grad():
        maps = model.feature_maps(torch.rand(4, 3, 96, 64))
        expected = model.head(model.pool(maps)) - model.head(model.pool(torch.zeros_like(maps)))
    signed = torch.stack([contributions(model, maps, torch.full((4,), value)) for value in range(3)], dim=1)
    assert signed.shape == (4, 3, *maps.shape[2:])
    assert signed.min() < 0 < signed.max()
    torch.testing.assert_close(signed.sum(dim=(2, 3)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("linear_fit", [0, 1])
@pytest.mark.parametrize("pooling", list(heads.POOLINGS))
def test_contributions_through_hidden_layers_add_up_to_how_the_logit_grows_with_the_activations(
    description: Description, head: HeadParameters, pooling: str, linear_fit: float
) -> None:
    other = head.model_copy(update={"pooling": pooling, "linear_fit": linear_fit})
    model = random_classifier(description.model_copy(update={"size": (64, 64), "head": other}))
    with torch.no_grad():
        maps = model.feature_maps(torch.rand(4, 3, 64, 64))
        more, less = (model.head(model.pool(maps * factor)) for factor in (1.001, 0.999))
    values = torch.tensor([0, 1, 2, 1])
    growth = ((more - less) / 0.002).gather(1, values[:, None])[:, 0]
    torch.testing.assert_close(contributions(model, maps, values).sum(dim=(1, 2)), growth, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("pooling", list(heads.POOLINGS))
@pytest.mark.parametrize("place", [(0, 0), (1, 2), (4, 1)])
def test_a_filter_that_speaks_at_one_place_is_seen_there(
    description: Description, linear: HeadParameters, photo: NDArray[np.uint8], pooling: str, place: tuple[int, int]
) -> None:
    feature_map = torch.zeros(1, 8, *PLACES)
    feature_map[0, 2, place[0], place[1]] = 3
    model = planted(description, linear.model_copy(update={"pooling": pooling}), feature_map)
    model.head.linear[2].weight.data[1] = 0.5
    shown = heatmaps(model, description, photo, Mode(), values=[1])[0]
    row, column = (CELL * number + CELL // 2 for number in place)
    assert shown[row, column] == pytest.approx(1)
    shown[max(row - CELL, 0) : row + CELL + 1, max(column - CELL, 0) : column + CELL + 1] = 0
    assert shown.max() == 0


def test_a_head_on_rows_shows_the_rows_that_it_reads(
    description: Description, linear: HeadParameters, photo: NDArray[np.uint8]
) -> None:
    model = planted(description, linear, torch.ones(1, 8, *PLACES))
    model.head.linear[2].weight.data[1].reshape(8, PLACES[0])[:, 3] = 1
    shown = heatmaps(model, description, photo, Mode(), values=[1])[0]
    expected = np.outer([0, 0, 0, 1, 0], np.ones(SIZE[1]))
    np.testing.assert_allclose(shown[CELL // 2 :: CELL], expected, rtol=1e-6)


def test_a_value_that_nothing_speaks_for_has_a_map_of_zeros(
    description: Description, linear: HeadParameters, photo: NDArray[np.uint8]
) -> None:
    model = planted(description, linear, torch.ones(1, 8, *PLACES))
    model.head.linear[2].weight.data[0] = -1
    np.testing.assert_array_equal(heatmaps(model, description, photo, Mode(), values=[0]), np.zeros((1, *SIZE)))


def test_of_itself_the_map_is_of_the_predicted_value_that_has_training_photos(description: Description) -> None:
    described = description.model_copy(update={"size": (64, 64)})
    model = random_classifier(described)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        logits = model(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)
    most, least = int(logits.sum(dim=0).argmax()), int(logits.sum(dim=0).argmin())
    for seen_values in ((0, 1, 2), tuple(value for value in range(3) if value != most), (least,)):
        values = [seen_values[best] for best in logits[:, list(seen_values)].argmax(dim=1)]
        without = described.model_copy(update={"seen_values": seen_values})
        expected = heatmaps(model, described, pixels, Mode(), values)
        np.testing.assert_array_equal(heatmaps(model, without, pixels, Mode()), expected)
    assert np.abs(expected - heatmaps(model, described, pixels, Mode())).max() > 0.1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("backbone", "size"), [("test_resnet", (100, 64)), ("test_vit", (64, 96)), ("test_convnext", (64, 96))]
)
def test_maps_have_the_photos_size_and_each_a_largest_of_one(
    description: Description, backbone: str, size: tuple[int, int], precision: str
) -> None:
    described = description.model_copy(update={"backbone": backbone, "size": size})
    model = random_classifier(described)
    pixels = np.random.default_rng(0).integers(0, 256, (5, *size, 3), dtype=np.uint8)
    shown = heatmaps(model, described, pixels, Mode(precision=precision), values=[0, 1, 2, 0, 1])
    assert shown.shape == (5, *size)
    assert shown.dtype == np.float32
    assert shown.min() >= 0
    np.testing.assert_array_equal(shown.max(axis=(1, 2)), 1)
    exact = heatmaps(model, described, pixels, Mode(memory_format="contiguous"), values=[0, 1, 2, 0, 1])
    np.testing.assert_allclose(shown, exact, atol=1e-4 if precision == "float32" else 0.1)


def test_no_photos_have_no_maps(description: Description) -> None:
    described = description.model_copy(update={"backbone": "test_vit"})
    pixels = np.zeros((0, 32, 32, 3), dtype=np.uint8)
    assert heatmaps(Classifier(described), described, pixels, Mode()).shape == (0, 32, 32)


def test_a_photos_map_does_not_depend_on_its_neighbors(description: Description) -> None:
    described = description.model_copy(update={"size": (64, 64)})
    model = random_classifier(described)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    together = heatmaps(model, described, pixels, Mode())
    alone = [heatmaps(model, described, pixels[[row]], Mode())[0] for row in range(4)]
    np.testing.assert_allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("freeze_statistics", [True, False])
def test_a_model_in_training_is_left_as_it_is_and_seen_in_evaluation_mode(
    description: Description, pixels: NDArray[np.uint8], frozen: bool, freeze_statistics: bool
) -> None:
    model = random_classifier(description)
    expected = heatmaps(model, description, pixels, Mode())
    train_mode(model, freeze_statistics)
    for number, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(not frozen and number % 2 == 0)
        parameter.grad = torch.ones_like(parameter) if number % 3 == 0 else None
    gradients = [parameter.grad for parameter in model.parameters()]
    needed = [parameter.requires_grad for parameter in model.parameters()]
    training = [module.training for module in model.modules()]
    weights = backbones.state(model)

    np.testing.assert_array_equal(heatmaps(model, description, pixels, Mode()), expected)

    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert parameter.grad is gradient
        assert gradient is None or gradient.eq(1).all()
    assert [parameter.requires_grad for parameter in model.parameters()] == needed
    assert [module.training for module in model.modules()] == training
    np.testing.assert_equal(backbones.state(model), weights)


def test_a_models_mode_is_restored_after_an_error(description: Description, pixels: NDArray[np.uint8]) -> None:
    model = random_classifier(description).train()
    with pytest.raises(RuntimeError):
        heatmaps(model, description, pixels, Mode(), values=[3] * len(pixels))
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_the_caller_may_want_no_gradients(
    description: Description, pixels: NDArray[np.uint8], context: type[torch.no_grad]
) -> None:
    model = random_classifier(description)
    expected = heatmaps(model, description, pixels, Mode())
    with context():
        np.testing.assert_array_equal(heatmaps(model, description, pixels, Mode()), expected)
        assert not torch.is_grad_enabled()
