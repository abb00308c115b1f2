"""Multinomial logistic regression on standardized features, the control that XGBoost must beat."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from apparel_eye.classifiers.dual_basis import dual_basis
from apparel_eye.classifiers.heads import Examples
from apparel_eye.metrics.official import Probabilities
from apparel_eye.networks.checkpoint import Weights


def fit(examples: Examples, strength: float, max_iterations: int) -> Weights:
    """Coefficients of shape (classes, D), intercept, and the mean and scale of each feature, see ``dual_basis``.

    Args:
        examples: what to learn.
        strength: inverse strength of the L2 penalty, scikit-learn's C.
        max_iterations: of the solver.
    """
    spanned = dual_basis(examples)
    regression = LogisticRegression(C=strength, max_iter=max_iterations)
    weights = examples.of_each(examples.weights)
    regression.fit(spanned.coordinates, examples.of_each(examples.classes), sample_weight=weights)
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(coefficients) == 1:  # of two classes scikit-learn keeps the second's only
        coefficients, intercept = np.vstack([-coefficients, coefficients]) / 2, np.append(-intercept, intercept) / 2
    return {
        "coefficients": np.ascontiguousarray(spanned.to_features(coefficients.astype(np.float32).T).T),
        "intercept": intercept.astype(np.float32),
        "mean": spanned.mean,
        "scale": spanned.scale,
    }


def predict(model: Weights, features: NDArray[np.float32]) -> Probabilities:
    """Probabilities of the classes, shape (n, classes)."""
    logits = ((features - model["mean"]) / model["scale"]) @ model["coefficients"].T + model["intercept"]
    return np.asarray(softmax(logits.astype(np.float64), axis=1))
