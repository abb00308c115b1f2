import re

import numpy as np
import pytest
import torch
from timm.layers import resample_abs_pos_embed
from torch import nn

from apparel_eye.errors import DataError, UsageError
from apparel_eye.networks.backbones import (
    Weights,
    create,
    feature_maps,
    fit_to,
    load,
    normalization,
    own_size,
    restored,
    state,
)

SIZE = (96, 64)
RESIZED = ["test_vit", "test_vit_relpos", "test_maxvit", "swin_tiny_patch4_window7_224"]
"""Networks for photos of one size, of each way in which their weights depend on it; one of them does not."""


@pytest.fixture
def weights() -> Weights:
    return random_weights("test_resnet")


def random_weights(name: str, size: tuple[int, int] | None = None) -> Weights:
    torch.manual_seed(1)
    return state(create(name, size))


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.fault(112)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet999", "resnet50"),
        ("tf_efficientnet_lit0", "tf_efficientnet_lite0"),
        ("resnet50.a1_in2k", r"resnet50\.a1_in1k"),
        ("resnet999.a1_in1k", "resnet50"),
        ("?", "[a-z]+"),
    ],
    ids=["unknown", "misspelt", "unknown tag", "unknown with a known tag", "like no other"],
)
def test_an_unknown_name_is_refused_with_the_three_nearest_ones(name: str, message: str) -> None:
    with pytest.raises(
        UsageError, match=rf"train\.backbone is {re.escape(repr(name))}.*nearest are .*{message}"
    ) as caught:
        create(name)
    assert len(str(caught.value).partition("nearest are ")[2].split(", ")) == 3


@torch.inference_mode()
def test_a_backbone_has_no_classifier() -> None:
    model = create("test_resnet").eval()
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, model.num_features)


@torch.inference_mode()
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("test_resnet", (96, 3, 2)),
        ("test_convnext", (64, 3, 2)),
        ("test_efficientnet", (256, 3, 2)),
        ("test_mambaout", (64, 3, 2)),
        ("test_vit", (64, 6, 4)),
        ("test_vit_relpos", (96, 6, 4)),
        ("test_maxvit", (128, 3, 2)),
        ("swin_tiny_patch4_window7_224", (768, 3, 2)),
    ],
)
def test_feature_maps_are_timms_intermediates_of_the_last_level(name: str, shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    model = create(name, SIZE).eval()
    maps = feature_maps(model, drawn(2, 3, *SIZE))
    assert maps.shape == (2, *shape)
    if name != "test_efficientnet":  # whose intermediates lack the last convolution
        options = {"indices": 1, "intermediates_only": True, "output_fmt": "NCHW"}
        if name != "test_resnet":
            options["norm"] = True
        [expected] = model.forward_intermediates(drawn(2, 3, *SIZE), **options)
        torch.testing.assert_close(maps, expected)


@torch.inference_mode()
def test_a_transformers_maps_keep_the_places_of_its_patches() -> None:
    """Without positions and blocks, a bright patch is bright at its place only."""
    model = create("test_vit", SIZE).eval()
    model.pos_embed.zero_()
    model.blocks = nn.Identity()
    photos = torch.zeros(1, 3, *SIZE)
    plain = feature_maps(model, photos)
    photos[:, :, 4 * 16 : 5 * 16, 2 * 16 : 3 * 16] = 1  # row 4, column 2
    changed = (feature_maps(model, photos) != plain).any(dim=1)[0]
    assert changed.nonzero().tolist() == [[4, 2]]


def test_position_embeddings_are_resampled_by_timm_from_and_to_any_side_ratio() -> None:
    weights = random_weights("test_vit", (160, 96))
    fitted = fit_to("test_vit", weights, (96, 128), size_before=(160, 96))
    before = torch.from_numpy(weights["pos_embed"])
    expected = resample_abs_pos_embed(before, new_size=(6, 8), old_size=(10, 6), num_prefix_tokens=1)
    np.testing.assert_array_equal(fitted["pos_embed"], expected.numpy())
    assert {name for name in weights if not np.array_equal(fitted[name], weights[name])} == {"pos_embed"}


def test_position_embeddings_are_turned_where_only_the_side_ratio_changes() -> None:
    weights = random_weights("test_vit", (96, 64))
    fitted = fit_to("test_vit", weights, (64, 96), size_before=(96, 64))
    assert fitted["pos_embed"].shape == weights["pos_embed"].shape
    assert not np.allclose(fitted["pos_embed"], weights["pos_embed"])


@pytest.mark.parametrize("name", RESIZED)
def test_weights_fit_a_network_of_another_size_once_they_are_fitted(name: str) -> None:
    weights = random_weights(name)
    smaller = fit_to(name, weights, SIZE)
    larger = fit_to(name, smaller, (128, 96), size_before=SIZE)
    with torch.inference_mode():
        for fitted, size in ((smaller, SIZE), (larger, (128, 96))):
            maps = feature_maps(restored(name, fitted, size), drawn(1, 3, *size))
            assert maps.isfinite().all()


@pytest.mark.parametrize("name", ["test_vit", "test_resnet"])
def test_weights_of_the_same_size_stay_as_they_are(name: str) -> None:
    weights = random_weights(name)
    assert fit_to(name, weights, own_size(name)) is weights


def test_weights_of_a_convolutional_network_fit_all_sizes(weights: Weights) -> None:
    assert fit_to("test_resnet", weights, (32, 320), size_before=(96, 64)) is weights


@pytest.mark.fault(113)
def test_weights_that_were_not_fitted_are_refused() -> None:
    with pytest.raises(DataError, match=r"'pos_embed' \(1, 101, 64\) instead of \(1, 25, 64\)"):
        load(create("test_vit", SIZE), random_weights("test_vit"))


@pytest.mark.fault(113)
def test_weights_of_another_shape_are_refused(weights: Weights) -> None:
    weights["conv1.0.weight"] = np.zeros((1, 3, 3, 3), dtype=np.float32)
    with pytest.raises(DataError, match=r"1 of another shape, for example 'conv1\.0\.weight' \(1, 3, 3, 3\)"):
        load(create("test_resnet"), weights)


@pytest.mark.fault(113)
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(weights: Weights, number: float) -> None:
    weights["bn1.running_var"].flat[3] = number
    with pytest.raises(DataError, match=r"1 of 90 arrays of weights are not finite, for example 'bn1\.running_var'"):
        restored("test_resnet", weights)


def test_a_restored_backbone_is_in_evaluation_mode_and_has_the_weights(weights: Weights) -> None:
    model = restored("test_resnet", weights)
    assert not model.training
    np.testing.assert_equal(state(model), weights)


def test_a_state_stays_what_it_was_when_the_model_changes(weights: Weights) -> None:
    model = restored("test_resnet", weights)
    before = state(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    np.testing.assert_equal(before, weights)


def test_normalization_is_that_of_the_pretrained_weights() -> None:
    assert normalization("tf_efficientnet_lite0") == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert normalization("resnext101_64x4d.c1_in1k") == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
