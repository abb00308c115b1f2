"""Multinomial logistic regression on standardized features, the control that XGBoost must beat."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from apparel_eye.boosting.heads import Features, Probabilities
from apparel_eye.parameters import LogisticParameters
from apparel_eye.subsets import Rows

Weights = dict[str, NDArray[np.float32]]


def fit(features: Features, classes: Rows, parameters: LogisticParameters) -> Weights:
    """Coefficients of shape (classes, D), intercept, and the mean and deviation of each feature.

    With an L2 penalty the solution lies in the span of the photos, so it is found there: a few hundred coordinates
    instead of tens of thousands, with the same result.
    """
    mean = features.mean(axis=0)
    deviation = features.std(axis=0) + np.float32(1e-6)
    standardized = (features - mean) / deviation
    _, _, axes = np.linalg.svd(standardized, full_matrices=False)
    regression = LogisticRegression(C=parameters.C, max_iter=parameters.max_iterations)
    regression.fit(standardized @ axes.T, classes)
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(coefficients) == 1:  # of two classes scikit-learn keeps the second's only
        coefficients, intercept = np.vstack([-coefficients, coefficients]) / 2, np.append(-intercept, intercept) / 2
    return {
        "coefficients": (coefficients @ axes).astype(np.float32),
        "intercept": intercept.astype(np.float32),
        "mean": mean,
        "deviation": deviation,
    }


def predict(model: Weights, features: Features) -> Probabilities:
    """Probabilities of the classes, shape (n, classes)."""
    logits = ((features - model["mean"]) / model["deviation"]) @ model["coefficients"].T + model["intercept"]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))
