from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from apparel_eye.classifiers import logistic
from apparel_eye.classifiers.heads import Examples
from apparel_eye.networks.heads import Head
from apparel_eye.parameters import HeadParameters
from apparel_eye.training import linear_fit

NUM_PHOTOS, NUM_FEATURES, NUM_VALUES = 40, 12, 4
STRENGTH = 2.0


@pytest.fixture
def features() -> np.ndarray:
    """Clouds by value; one feature hardly differs, one not at all."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(NUM_PHOTOS, NUM_FEATURES)) * np.linspace(0.5, 3, NUM_FEATURES)
    features += np.eye(NUM_VALUES, NUM_FEATURES)[np.arange(NUM_PHOTOS) % 3]
    features[:, 4:6] = [1.0, 2.0]
    features[0, 4] += 1e-2
    return features.astype(np.float16)


@pytest.fixture
def fitted(features: np.ndarray) -> Callable[..., Head]:
    """A head after the fit; in training it would drop half of the features."""

    def fit(targets: np.ndarray, weights: np.ndarray, hidden: tuple[int, ...] = (8,)) -> Head:
        parameters = HeadParameters(pooling="rows", hidden=hidden, input_dropout=0.5, dropout=0.5, linear_fit=STRENGTH)
        head = Head(NUM_FEATURES, NUM_VALUES, parameters)
        linear_fit.fit_linear(head, features, targets, weights, STRENGTH)
        return head.eval()

    return fit


def one_hot(photos: int = NUM_PHOTOS) -> np.ndarray:
    """Of four values, the third has no photo."""
    return np.eye(NUM_VALUES, dtype=np.float32)[np.array([0, 1, 3])[np.arange(photos) % 3]]


@torch.inference_mode()
@pytest.mark.parametrize("hidden", [(), (8,)])
def test_a_fitted_head_predicts_as_the_regression_does(
    features: np.ndarray, fitted: Callable[..., Head], hidden: tuple[int, ...]
) -> None:
    weights = np.linspace(0.5, 1.5, NUM_PHOTOS, dtype=np.float32)
    logits = fitted(one_hot(), weights, hidden)(torch.from_numpy(features).float()).numpy()
    everyone = np.arange(NUM_PHOTOS)
    model = logistic.fit(Examples(features[:, None], everyone, everyone % 3, weights, everyone), STRENGTH, 1000)
    apart = logits[:, [0, 1, 3]] - np.log(logistic.predict(model, features.astype(np.float32)))
    np.testing.assert_allclose(apart, np.broadcast_to(apart[:, :1], apart.shape), atol=1e-4)
    np.testing.assert_array_equal(logits[:, 2], -10)


@torch.inference_mode()
def test_a_distribution_over_values_is_a_photo_of_each_by_its_share(
    features: np.ndarray, fitted: Callable[..., Head]
) -> None:
    smooth = 0.8 * one_hot() + 0.2 * np.array([1, 1, 0, 1], dtype=np.float32) / 3
    weights = np.ones(NUM_PHOTOS, dtype=np.float32)
    logits = fitted(smooth, weights)(torch.from_numpy(features).float()).numpy()
    photos = np.repeat(np.arange(NUM_PHOTOS), 3)
    classes = np.tile(np.arange(3), NUM_PHOTOS)
    examples = Examples(features[:, None], photos, classes, smooth[:, [0, 1, 3]].ravel(), photos)
    model = logistic.fit(examples, STRENGTH, 1000)
    apart = logits[:, [0, 1, 3]] - np.log(logistic.predict(model, features.astype(np.float32)))
    np.testing.assert_allclose(apart, np.broadcast_to(apart[:, :1], apart.shape), atol=1e-4)


def test_of_very_many_examples_some_from_everywhere_are_enough(
    features: np.ndarray, fitted: Callable[..., Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Examples] = []
    fit = logistic.fit

    def watched(examples: Examples, strength: float, max_iterations: int) -> logistic.Weights:
        seen.append(examples)
        return fit(examples, strength, max_iterations)

    monkeypatch.setattr(linear_fit, "_MAX_EXAMPLES", 10)
    monkeypatch.setattr(logistic, "fit", watched)
    fitted(one_hot(), np.ones(NUM_PHOTOS, dtype=np.float32))
    rows = np.linspace(0, NUM_PHOTOS - 1, 10).astype(int)
    np.testing.assert_array_equal(seen[0].columns(slice(None)), features[rows].astype(np.float32))


def test_the_statistics_are_those_of_the_features(features: np.ndarray, fitted: Callable[..., Head]) -> None:
    norm = fitted(one_hot(), np.ones(NUM_PHOTOS, dtype=np.float32)).linear[0]
    assert isinstance(norm, nn.BatchNorm1d)
    np.testing.assert_allclose(norm.running_mean, features.astype(np.float64).mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.running_var, features.astype(np.float64).var(axis=0), rtol=1e-3, atol=1e-6)
