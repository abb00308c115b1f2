"""What all heads on activations have in common: views are more photos in training, and averaged in prediction."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from apparel_eye.probabilities import spread
from apparel_eye.subsets import Rows, Subsets

Features = NDArray[np.float32]
Probabilities = NDArray[np.float64]
Model = TypeVar("Model")
Fit = Callable[[Features, Rows], Model]
Predict = Callable[[Model, Features], Probabilities]


def cross_predict(
    fit: Fit[Model], predict: Predict[Model], features: Features, subsets: Subsets, num_values: int, refit: bool
) -> tuple[Model, Probabilities, Probabilities]:
    """Fit on the training folds to predict validation photos, and once more on all labelled ones for the others.

    Args:
        fit: takes features of shape (n, D) and classes 0, 1, ... of shape (n,).
        predict: takes what ``fit`` gave and features; gives probabilities of the classes, shape (n, classes).
        features: of all photos of the manifest, shape (photos, views, D).
        subsets: which photos are which.
        num_values: of the category.
        refit: whether there is a second fit; without it the first one predicts all.

    Returns:
        The last model, probabilities of the validation photos and of the photos to predict, shape (photos, num_values).
    """
    model = _fit_views(fit, features[subsets.train], subsets.train_targets)
    validation = _predict_views(predict, model, features[subsets.validation], subsets.present, num_values)
    present = subsets.present
    if refit:
        model = _fit_views(fit, features[subsets.labelled], subsets.labelled_targets)
        present = np.unique(subsets.labelled_targets)
    return model, validation, _predict_views(predict, model, features[subsets.questions], present, num_values)


def _fit_views(fit: Fit[Model], features: Features, targets: Rows) -> Model:
    classes = np.unique(targets, return_inverse=True)[1]
    num_views = features.shape[1]
    return fit(features.reshape(-1, features.shape[-1]), np.repeat(classes, num_views))


def _predict_views(
    predict: Predict[Model], model: Model, features: Features, present: Rows, num_values: int
) -> Probabilities:
    photos, num_views, width = features.shape
    if not photos:
        return np.zeros((0, num_values))
    per_view = predict(model, features.reshape(-1, width)).reshape(photos, num_views, len(present))
    return spread(per_view.mean(axis=1), present, num_values)
