from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from apparel_eye.classifiers import logistic
from apparel_eye.classifiers.heads import Examples

C, MAX_ITERATIONS = 10.0, 1000
MakeExamples = Callable[..., Examples]
EVERYTHING = slice(None)


def fit(examples: Examples) -> logistic.Weights:
    return logistic.fit(examples, C, MAX_ITERATIONS)


def predicted(examples: Examples) -> np.ndarray:
    """Of the examples themselves."""
    return logistic.predict(fit(examples), examples.columns(EVERYTHING))


def standardized(examples: Examples) -> np.ndarray:
    """In double precision; an example's mean square over all features together is 1."""
    features = examples.columns(EVERYTHING).astype(np.float64)
    return (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6) / np.sqrt(features.shape[1])


def centered(logits: np.ndarray) -> np.ndarray:
    """Of coefficients or logits, what does not change the softmax taken away; classes are the first axis."""
    return logits - logits.mean(axis=0, keepdims=True)


@pytest.mark.parametrize("num_features", [10, 300], ids=["more photos than features", "more features than photos"])
@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_the_solution_is_scikit_learns_on_all_features(
    num_classes: int, num_features: int, make_examples: MakeExamples
) -> None:
    examples = make_examples(num_classes, num_features, spread=2.0)
    examples = replace(examples, weights=np.random.default_rng(1).uniform(0.1, 1, 60).astype(np.float32))
    ours = fit(examples)
    direct = LogisticRegression(C=C, max_iter=10_000, tol=1e-8)
    direct.fit(standardized(examples), examples.classes, sample_weight=examples.weights)
    coefficients, intercept = direct.coef_, direct.intercept_
    if num_classes == 2:  # scikit-learn keeps the difference
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    scale = np.abs(coefficients).max()
    np.testing.assert_allclose(ours["coefficients"] / scale, centered(coefficients) / scale, atol=5e-3)
    np.testing.assert_allclose(centered(ours["intercept"]), centered(intercept), atol=5e-3)
    probabilities = direct.predict_proba(standardized(examples))
    np.testing.assert_allclose(logistic.predict(ours, examples.columns(EVERYTHING)), probabilities, atol=5e-3)


def test_probabilities_are_the_softmax_of_linear_logits(make_examples: MakeExamples) -> None:
    examples = make_examples()
    model, features = fit(examples), examples.columns(EVERYTHING)
    logits = (features - model["mean"]) / model["scale"] @ model["coefficients"].T + model["intercept"]
    by_hand = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(logistic.predict(model, features), by_hand, rtol=1e-5)


def test_classes_apart_are_learned(make_examples: MakeExamples) -> None:
    examples = make_examples()
    np.testing.assert_array_equal(predicted(examples).argmax(axis=1), examples.classes)


def test_units_of_the_features_do_not_matter(make_examples: MakeExamples) -> None:
    examples = make_examples(spread=2.0)
    factors, shifts = np.logspace(-2, 2, 40, dtype=np.float32), np.linspace(-1, 1, 40, dtype=np.float32)
    scaled = replace(examples, features=examples.features * factors + shifts)
    np.testing.assert_allclose(predicted(scaled), predicted(examples), atol=2e-3)


def test_a_feature_that_never_varied_has_no_say(make_examples: MakeExamples) -> None:
    examples = make_examples()
    dead = examples.features.copy()
    dead[..., 7] = 0
    model = fit(replace(examples, features=dead))
    alive = dead.copy()
    alive[..., 7] = 1
    np.testing.assert_array_equal(logistic.predict(model, alive[:, 0]), logistic.predict(model, dead[:, 0]))


def test_an_example_of_weight_two_counts_as_two(make_examples: MakeExamples) -> None:
    """The mean and scale stay the same here, since all examples are doubled but with other weights."""
    examples = make_examples(spread=2.0)
    doubled = examples.take(np.tile(np.arange(60), 2))
    weighted = replace(examples, weights=2 * examples.weights)
    features = examples.columns(EVERYTHING)
    np.testing.assert_allclose(
        logistic.predict(fit(weighted), features), logistic.predict(fit(doubled), features), atol=2e-3
    )


def test_views_are_examples_of_their_photos_class(make_examples: MakeExamples) -> None:
    examples = make_examples(spread=2.0)
    pairs = replace(
        examples.take(slice(30)), features=examples.features[:, 0].reshape(30, 2, 40), classes=np.arange(30) % 3
    )
    flat = replace(examples, classes=np.repeat(np.arange(30) % 3, 2))
    np.testing.assert_array_equal(predicted(pairs), predicted(flat))
