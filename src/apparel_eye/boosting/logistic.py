"""Multinomial logistic regression on standardized features, the control that XGBoost must beat."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from apparel_eye.boosting.heads import Examples, Features, Probabilities
from apparel_eye.parameters import LogisticParameters
from apparel_eye.probabilities import softmax

Weights = dict[str, NDArray[np.float32]]
_SMALLEST = np.float32(1e-6)


def fit(examples: Examples, parameters: LogisticParameters) -> Weights:
    """Coefficients of shape (classes, D), intercept, and the mean and scale of each feature.

    With an L2 penalty the solution lies in the span of the photos, so it is found there: a few hundred coordinates
    instead of tens of thousands, with the same result. Features are scaled so that a photo has a mean square of 1 in
    all of them together; ``C`` then means the same for any number of features.
    """
    features = examples.features
    mean = features.mean(axis=0)
    scale = (features.std(axis=0) + _SMALLEST) * np.float32(np.sqrt(features.shape[1]))
    standardized = (features - mean) / scale
    squares, axes = np.linalg.eigh(standardized @ standardized.T)
    kept = squares > _SMALLEST * squares[-1]
    to_features = standardized.T @ (axes[:, kept] / np.sqrt(squares[kept]))  # orthonormal, (D, coordinates)
    regression = LogisticRegression(C=parameters.C, max_iter=parameters.max_iterations)
    regression.fit(standardized @ to_features, examples.classes, sample_weight=examples.weights)
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(coefficients) == 1:  # of two classes scikit-learn keeps the second's only
        coefficients, intercept = np.vstack([-coefficients, coefficients]) / 2, np.append(-intercept, intercept) / 2
    return {
        "coefficients": (coefficients @ to_features.T).astype(np.float32),
        "intercept": intercept.astype(np.float32),
        "mean": mean,
        "scale": scale,
    }


def predict(model: Weights, features: Features) -> Probabilities:
    """Probabilities of the classes, shape (n, classes)."""
    logits = ((features - model["mean"]) / model["scale"]) @ model["coefficients"].T + model["intercept"]
    return softmax(logits)
