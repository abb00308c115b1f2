"""What all heads on activations have in common: views are more photos in training, and averaged in prediction."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from apparel_eye.metrics import Marks
from apparel_eye.probabilities import spread
from apparel_eye.subsets import Rows, Subsets

Features = NDArray[np.float32]
Probabilities = NDArray[np.float64]
Model = TypeVar("Model")


@dataclass(frozen=True)
class Examples:
    """What a head is fitted on.

    Attributes:
        features: shape (n, D).
        classes: 0, 1, ... in order, each with an example, shape (n,).
        weights: of the examples, shape (n,).
    """

    features: Features
    classes: Rows
    weights: NDArray[np.float32]


Fit = Callable[[Examples], Model]
Predict = Callable[[Model, Features], Probabilities]


def cross_predict(
    fit: Fit[Model],
    predict: Predict[Model],
    features: Features,
    subsets: Subsets,
    maybe_share: float,
    refit: bool,
) -> tuple[Model, Probabilities, Probabilities]:
    """Fit on the training folds to predict validation photos, and once more on all labelled ones for the others.

    Args:
        fit: makes a model of examples.
        predict: probabilities of the examples' classes, shape (n, classes).
        features: of all photos of the manifest, shape (photos, views, D).
        subsets: which photos are which.
        maybe_share: of a photo's weight that goes to the values marked ``m``.
        refit: whether there is a second fit; without it the first one predicts all.

    Returns:
        The last model, probabilities of the validation photos and of the photos to predict, shape (photos, values).
    """
    num_values = subsets.train_marks.shape[1]
    present = subsets.present
    model = fit(_examples(features[subsets.train], subsets.train_marks, maybe_share))
    validation = predict_views(partial(predict, model), features[subsets.validation], present, num_values)
    if refit:
        marks = subsets.labelled_marks
        present = np.flatnonzero((marks == "y").any(axis=0))
        model = fit(_examples(features[subsets.labelled], marks, maybe_share))
    return model, validation, predict_views(partial(predict, model), features[subsets.questions], present, num_values)


def _examples(features: Features, marks: Marks, maybe_share: float) -> Examples:
    """An example for each view of a photo and each of its values: the labelled one, and those marked ``m``."""
    present = np.flatnonzero((marks == "y").any(axis=0))
    maybe = marks[:, present] == "m"
    weights = (marks[:, present] == "y") * np.where(maybe.any(axis=1), 1 - maybe_share, 1.0)[:, None]
    weights = weights + maybe * maybe_share / np.maximum(maybe.sum(axis=1, keepdims=True), 1)
    photos, classes = np.nonzero(weights)
    num_views, width = features.shape[1:]
    return Examples(
        features=features[photos].reshape(-1, width),
        classes=np.repeat(classes, num_views),
        weights=np.repeat(weights[photos, classes], num_views).astype(np.float32),
    )


def predict_views(
    predict: Callable[[Features], Probabilities], features: Features, present: Rows, num_values: int
) -> Probabilities:
    """Mean over the views, for all values.

    Args:
        predict: probabilities of the values that are present, of examples.
        features: shape (photos, views, D).
        present: indices of the values that the head knows.
        num_values: how many the category has.
    """
    photos, num_views, width = features.shape
    if not photos:
        return np.zeros((0, num_values))
    per_view = predict(features.reshape(-1, width)).reshape(photos, num_views, len(present))
    return spread(per_view.mean(axis=1), present, num_values)
