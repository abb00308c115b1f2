import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from apparel_eye.vision import backbones, pretrained
from apparel_eye.vision.activations import extract
from apparel_eye.vision.backbones import Weights
from apparel_eye.vision.device import Mode


@pytest.fixture
def weights() -> Weights:
    return pretrained.pretrained_weights("test_resnet", "none", seed=1)


def by_hand(pixels: NDArray[np.uint8], weights: Weights) -> NDArray[np.float32]:
    """Plain and mirrored, shape (N, 2, C, H', W')."""
    model = backbones.restored("test_resnet", weights)
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in backbones.normalization("test_resnet"))
    photos = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        seen = [model.forward_features((view - mean) / std) for view in (photos, photos.flip(-1))]
    return torch.stack(seen, dim=1).numpy()


@pytest.mark.parametrize("names", [("plain", "mirrored"), ("mirrored", "plain"), ("plain",)])
def test_activations_are_the_last_feature_maps_of_each_view(
    pixels: NDArray[np.uint8], weights: Weights, names: tuple[str, ...]
) -> None:
    parts = list(extract(pixels, "test_resnet", weights, names, 8, Mode()))
    assert [(part.start, part.stop, part.num_rows) for part in parts] == [(0, 8, 21), (8, 16, 21), (16, 21, 21)]
    found = np.concatenate([part.rows for part in parts])
    expected = by_hand(pixels, weights)[:, [("plain", "mirrored").index(name) for name in names]]
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_activations_too_large_for_half_precision_are_cut_off_and_stay_finite(
    pixels: NDArray[np.uint8], weights: Weights
) -> None:
    last = [name for name in weights if name.startswith("layer4.") and name.endswith((".weight", ".bias"))]
    weights.update({name: weights[name] * 1e4 for name in last})
    assert by_hand(pixels[:2], weights).max() > np.finfo(np.float16).max
    (part,) = extract(pixels[:2], "test_resnet", weights, ["plain"], 8, Mode())
    assert np.isfinite(part.rows).all()
    assert part.rows.max() == np.finfo(np.float16).max
