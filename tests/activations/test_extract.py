import threading
from collections.abc import Callable

import numpy as np
import pytest
import timm
import torch
from numpy.typing import NDArray

from apparel_eye.activations.extract import ALL, Extractor, Extractors, extract
from apparel_eye.data import transforms
from apparel_eye.errors import UsageError
from apparel_eye.networks import backbones, pretrained
from apparel_eye.networks.backbones import Weights
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import AugmentationParameters, ExtractionParameters

Maps = NDArray[np.float16]
BACKBONES = ["test_resnet", "test_efficientnet", "test_convnext", "test_vit"]
IDENTITIES = np.random.default_rng(5).integers(0, 2**63, 21).astype(np.uint64)


@pytest.fixture
def weights() -> Weights:
    return pretrained.pretrained_weights("test_resnet", "none", seed=1)


@pytest.fixture
def make(
    weights: Weights, extraction: ExtractionParameters, augmentation: AugmentationParameters
) -> Callable[..., Extractor]:
    """An extractor of test_resnet; what is named is changed."""

    def made(**changed: object) -> Extractor:
        return Extractor("test_resnet", weights, (32, 32), extraction.model_copy(update=changed), augmentation, Mode())

    return made


def whole(pixels: NDArray[np.uint8], extractor: Extractor, batch_size: int = 8, first: int = 0) -> Maps:
    everyone = np.full(len(pixels), ALL)
    parts = list(extract(pixels, IDENTITIES, everyone, Extractors([extractor]), batch_size, first))
    starts = list(range(first, len(pixels), batch_size))
    assert [(part.start, part.num_rows) for part in parts] == [(start, len(pixels)) for start in starts]
    return np.concatenate([part.rows for part in parts])


def normalized(pixels: NDArray[np.uint8], backbone: str) -> torch.Tensor:
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in backbones.normalization(backbone))
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / std


def by_hand(pixels: NDArray[np.uint8], weights: Weights) -> NDArray[np.float32]:
    """Plain and mirrored, shape (N, 2, C, H', W')."""
    model = backbones.restored("test_resnet", weights)
    photos = normalized(pixels, "test_resnet")
    with torch.inference_mode():
        seen = [model.forward_features(view) for view in (photos, photos.flip(-1))]
    return torch.stack(seen, dim=1).numpy()


@pytest.mark.parametrize("names", [("plain", "mirrored"), ("mirrored", "plain"), ("plain",)])
def test_activations_are_the_last_feature_maps_of_each_view(
    pixels: NDArray[np.uint8], weights: Weights, make: Callable[..., Extractor], names: tuple[str, ...]
) -> None:
    found = whole(pixels, make(views=names))
    expected = by_hand(pixels, weights)[:, [("plain", "mirrored").index(name) for name in names]]
    assert found.dtype == np.float16
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_level_is_what_timm_gives_as_such(
    extraction: ExtractionParameters, augmentation: AugmentationParameters, backbone: str, level: int
) -> None:
    side = backbones.own_size(backbone)[0]
    pixels = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), dtype=np.uint8)
    model = timm.create_model(backbone, num_classes=0).eval()
    weights = backbones.state(model)
    levels = timm.create_model(backbone, features_only=True, out_indices=[level]).eval()
    ours = {name.replace(".", "_"): tensor for name, tensor in model.state_dict().items()}
    levels.load_state_dict({name: ours[name.replace(".", "_").removeprefix("model_")] for name in levels.state_dict()})
    photos = normalized(pixels, backbone)
    with torch.inference_mode():
        [expected] = levels(photos)
        last = backbones.feature_maps(model, photos)  # with what comes after the last level
    for number in (level, level - len(backbones.levels(model))):
        settings = extraction.model_copy(update={"level": number, "views": ("plain",)})
        extractor = Extractor(backbone, weights, (side, side), settings, augmentation, Mode())
        found = extractor.maps(pixels, np.arange(2), IDENTITIES)[:, 0]
        np.testing.assert_allclose(found, last if number == -1 else expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("level", [5, -6, 99])
def test_a_level_that_does_not_exist_is_refused_with_those_that_do(make: Callable[..., Extractor], level: int) -> None:
    with pytest.raises(UsageError, match=rf"activations.level is {level}, .* 5 levels; give one from -5 to 4"):
        make(level=level)


@pytest.mark.parametrize("reduction", ["rows", "grid", "averages", "projection"])
def test_maps_are_reduced_before_they_are_rounded(
    pixels: NDArray[np.uint8], make: Callable[..., Extractor], reduction: str
) -> None:
    maps = whole(pixels, make(level=1, reduction="map")).astype(np.float32)
    found = whole(pixels, make(level=1, reduction=reduction, num_filters=8, grid=(2, 3)))
    num_filters, height, width = maps.shape[2:]
    shapes = {
        "rows": (num_filters, height, 1),
        "grid": (num_filters, 2, 3),
        "averages": (2 * num_filters, 1, 1),
        "projection": (8, height, width),
    }
    assert found.shape == (21, 2, *shapes[reduction])
    assert found.dtype == np.float16
    if reduction == "rows":
        np.testing.assert_allclose(found[..., 0], maps.mean(axis=-1), rtol=2e-3, atol=1e-3)
    if reduction == "averages":
        np.testing.assert_allclose(found[:, :, num_filters:, 0, 0], maps.max(axis=(3, 4)), rtol=1e-3, atol=1e-3)


def test_drawn_views_come_after_the_others_and_are_those_of_the_photos_number(
    pixels: NDArray[np.uint8], weights: Weights, make: Callable[..., Extractor], augmentation: AugmentationParameters
) -> None:
    found = whole(pixels, make(num_drawn=2, seed=3))
    assert found.shape[1] == 4
    np.testing.assert_array_equal(found[:, :2], whole(pixels, make()))
    for number in range(2):
        drawn = transforms.render(torch.from_numpy(pixels), transforms.draw(3, number, IDENTITIES, augmentation))
        as_pixels = drawn.mul(255).permute(0, 2, 3, 1).numpy()
        expected = by_hand(as_pixels, weights)[:, 0]
        np.testing.assert_allclose(found[:, 2 + number], expected, rtol=2e-3, atol=2e-3)
    assert not np.allclose(found[:, 2], found[:, 3], rtol=1e-2)


@pytest.mark.parametrize("batch_size", [1, 5, 50])
def test_a_photos_activations_depend_neither_on_batch_size_nor_on_its_neighbors(
    pixels: NDArray[np.uint8], make: Callable[..., Extractor], batch_size: int
) -> None:
    extractor = make(num_drawn=2)
    expected = whole(pixels, extractor)
    np.testing.assert_allclose(whole(pixels, extractor, batch_size), expected, rtol=2e-3, atol=2e-3)
    others = np.array([20, 3, 11])
    np.testing.assert_allclose(extractor.maps(pixels, others, IDENTITIES), expected[others], rtol=2e-3, atol=2e-3)


def test_other_photos_numbers_and_other_seeds_draw_others(
    pixels: NDArray[np.uint8], make: Callable[..., Extractor]
) -> None:
    rows = np.arange(4)
    one, same, reseeded = (make(num_drawn=1, seed=seed).maps(pixels, rows, IDENTITIES) for seed in (1, 1, 2))
    renamed = make(num_drawn=1).maps(pixels, rows, IDENTITIES + np.uint64(1))
    np.testing.assert_array_equal(one, same)
    for other in (reseeded, renamed):
        np.testing.assert_array_equal(other[:, :2], one[:, :2])
        assert not np.allclose(other[:, 2], one[:, 2], rtol=1e-2)


@pytest.mark.parametrize("first", [0, 8, 16])
def test_what_is_gone_on_with_has_the_same_bits(
    pixels: NDArray[np.uint8], make: Callable[..., Extractor], first: int
) -> None:
    extractor = make(num_drawn=1)
    np.testing.assert_array_equal(whole(pixels, extractor, first=first), whole(pixels, extractor)[first:])


def test_no_thread_is_left_where_nobody_wants_more(pixels: NDArray[np.uint8], make: Callable[..., Extractor]) -> None:
    before = threading.active_count()
    parts = extract(pixels, IDENTITIES, np.full(len(pixels), ALL), Extractors([make()]), 2)
    next(parts)
    parts.close()
    assert threading.active_count() == before


def test_activations_too_large_for_half_precision_are_cut_off_and_stay_finite(
    pixels: NDArray[np.uint8], weights: Weights, make: Callable[..., Extractor]
) -> None:
    last = [name for name in weights if name.startswith("layer4.") and name.endswith((".weight", ".bias"))]
    weights.update({name: weights[name] * 1e4 for name in last})
    assert by_hand(pixels[:2], weights).max() > np.finfo(np.float16).max
    found = whole(pixels[:2], make())
    assert np.isfinite(found).all()
    assert found.max() == np.finfo(np.float16).max
