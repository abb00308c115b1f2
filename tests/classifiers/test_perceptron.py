from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from apparel_eye.classifiers import perceptron
from apparel_eye.classifiers.dual_basis import dual_basis
from apparel_eye.classifiers.heads import Examples
from apparel_eye.parameters import PerceptronParameters

MakeExamples = Callable[..., Examples]
EVERYTHING = slice(None)


@pytest.fixture
def weighted(make_examples: MakeExamples) -> Callable[..., Examples]:
    """Clouds that overlap, with weights, 30 photos of two views."""

    def made(num_classes: int = 3, num_features: int = 100) -> Examples:
        flat = make_examples(num_classes, num_features, spread=2.0)
        return replace(
            flat.take(slice(30)),
            features=flat.features.reshape(30, 2, num_features),
            weights=np.random.default_rng(1).uniform(0.1, 1, 30).astype(np.float32),
        )

    return made


@pytest.mark.parametrize("num_features", [10, 100], ids=["more examples than features", "more features than examples"])
@pytest.mark.parametrize("num_classes", [2, 3, 5])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_probabilities_are_scikit_learns_on_the_coordinates(
    num_classes: int,
    num_features: int,
    weighted: Callable[..., Examples],
    perceptron_parameters: PerceptronParameters,
) -> None:
    examples = weighted(num_classes, num_features)
    found = perceptron.predict(perceptron.fit(examples, perceptron_parameters), examples.columns(EVERYTHING))
    coordinates = dual_basis(examples).coordinates
    coordinates = coordinates * np.sqrt(coordinates.shape[1], dtype=np.float32)
    network = MLPClassifier((8,), alpha=0.1, learning_rate_init=1e-2, max_iter=100, random_state=1)
    network.fit(coordinates, np.repeat(examples.classes, 2), sample_weight=np.repeat(examples.weights, 2))
    expected = network.predict_proba(coordinates)
    assert np.abs(expected - 1 / num_classes).max() > 0.2
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_classes_apart_are_learned(
    num_classes: int, make_examples: MakeExamples, perceptron_parameters: PerceptronParameters
) -> None:
    examples = make_examples(num_classes, num=120)
    model = perceptron.fit(examples.take(slice(90)), perceptron_parameters)
    others = examples.take(slice(90, None))
    probabilities = perceptron.predict(model, others.columns(EVERYTHING))
    assert probabilities.shape == (30, num_classes)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), others.classes)


def test_it_learns_what_no_line_parts(perceptron_parameters: PerceptronParameters) -> None:
    """A value that shows where two features have one sign: exclusive or."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(200, 1, 2)).astype(np.float32)
    classes = (features.prod(axis=(1, 2)) > 0).astype(np.intp)
    examples = Examples(features, np.arange(200), classes, np.ones(200, dtype=np.float32), np.arange(200))
    settings = perceptron_parameters.model_copy(update={"penalty": 0.0, "hidden": 32, "num_epochs": 300})
    probabilities = perceptron.predict(perceptron.fit(examples, settings), features[:, 0])
    assert (probabilities.argmax(axis=1) == classes).mean() > 0.95


def test_two_fits_are_equal_and_another_seed_gives_another(
    weighted: Callable[..., Examples], perceptron_parameters: PerceptronParameters
) -> None:
    once, again, other = (
        perceptron.fit(weighted(), perceptron_parameters.model_copy(update={"seed": seed})) for seed in (1, 1, 2)
    )
    np.testing.assert_equal(again, once)
    assert not np.array_equal(other["first"], once["first"])


def test_weights_are_single_numbers_of_both_layers(
    weighted: Callable[..., Examples], perceptron_parameters: PerceptronParameters
) -> None:
    model = perceptron.fit(weighted(), perceptron_parameters)
    shapes = {name: weights.shape for name, weights in model.items()}
    assert shapes == {
        "first": (100, 8), "first_bias": (8,), "second": (8, 3), "second_bias": (3,), "mean": (100,), "scale": (100,),
    }  # fmt: skip
    assert {weights.dtype for weights in model.values()} == {np.dtype(np.float32)}
