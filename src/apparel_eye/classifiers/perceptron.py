"""A small network on standardized features, a control beside logistic regression: one hidden layer of ReLU."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from apparel_eye.classifiers.dual_basis import dual_basis
from apparel_eye.classifiers.heads import Examples
from apparel_eye.metrics.official import Probabilities
from apparel_eye.networks.checkpoint import Weights
from apparel_eye.parameters import PerceptronParameters


def fit(examples: Examples, parameters: PerceptronParameters) -> Weights:
    """Weights of both layers, the first of shape (D, hidden), mean and scale of each feature, see ``dual_basis``."""
    spanned = dual_basis(examples)
    unit = np.float32(np.sqrt(spanned.coordinates.shape[1]))  # so that a coordinate has a mean square of 1, too
    network = MLPClassifier(
        hidden_layer_sizes=(parameters.hidden,),
        alpha=parameters.penalty,
        learning_rate_init=parameters.learning_rate,
        max_iter=parameters.num_epochs,
        random_state=parameters.seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it has the epochs that it was given
        classes, weights = examples.of_each(examples.classes), examples.of_each(examples.weights)
        network.fit(spanned.coordinates * unit, classes, sample_weight=weights)
    (first, second), (first_bias, second_bias) = network.coefs_, network.intercepts_
    if second.shape[1] == 1:  # of two classes scikit-learn keeps the second's only
        second, second_bias = np.hstack([-second, second]) / 2, np.append(-second_bias, second_bias) / 2
    return {
        "first": spanned.to_features(first.astype(np.float32) * unit),
        "first_bias": first_bias.astype(np.float32),
        "second": second.astype(np.float32),
        "second_bias": second_bias.astype(np.float32),
        "mean": spanned.mean,
        "scale": spanned.scale,
    }


def predict(model: Weights, features: NDArray[np.float32]) -> Probabilities:
    """Probabilities of the classes, shape (n, classes)."""
    hidden = ((features - model["mean"]) / model["scale"]) @ model["first"] + model["first_bias"]
    logits = np.maximum(hidden, 0) @ model["second"] + model["second_bias"]
    return np.asarray(softmax(logits.astype(np.float64), axis=1))
