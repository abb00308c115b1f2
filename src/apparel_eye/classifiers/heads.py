"""What all heads on activations have in common: views are more photos in training, and averaged in prediction."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from apparel_eye.chunks import slices
from apparel_eye.data.subsets import Rows, Subsets
from apparel_eye.errors import DataError
from apparel_eye.metrics.labels import photo_weights, value_shares
from apparel_eye.metrics.official import LabelStrings, Probabilities
from apparel_eye.metrics.probabilities import with_floor
from apparel_eye.parameters import WeightParameters

Features = NDArray[np.floating]
"""Of all photos, in memory or on disk, shape (photos, views, D)."""
Model = TypeVar("Model")
Number = TypeVar("Number", bound=np.number[Any])

_CHUNK = 2**24
"""Numbers read from disk at a time."""


@dataclass(frozen=True)
class Examples:
    """What a head is fitted on: each view of each photo, once for each of the photo's values, photo after photo.

    Attributes:
        features: of all photos, in memory or on disk, shape (photos, views, D).
        photos: rows of the photos, one for each value of a photo, shape (m,).
        classes: 0, 1, ... in order, each with a photo, shape (m,).
        weights: shape (m,).
        groups: photos that belong together have the same, shape (m,).
    """

    features: Features
    photos: Rows
    classes: Rows
    weights: NDArray[np.float32]
    groups: NDArray[np.object_] | Rows

    def __len__(self) -> int:
        return len(self.photos) * self.num_views

    @property
    def num_views(self) -> int:
        """Examples of each photo and value."""
        return int(self.features.shape[1])

    @property
    def num_features(self) -> int:
        """D."""
        return int(self.features.shape[2])

    @property
    def num_classes(self) -> int:
        """How many values there are."""
        return int(self.classes.max()) + 1

    def of_each(self, per_photo: NDArray[Number]) -> NDArray[Number]:
        """What is given for each photo and value, for each example."""
        return np.repeat(per_photo, self.num_views, axis=0)

    def columns(self, columns: Rows | slice) -> NDArray[np.float32]:
        """Some features of all examples, shape (examples, columns)."""
        return read(self.features, self.photos, columns)

    def take(self, chosen: NDArray[np.bool_] | slice) -> "Examples":
        """Those of some photos."""
        return Examples(
            self.features, self.photos[chosen], self.classes[chosen], self.weights[chosen], self.groups[chosen]
        )

    def chunks(self, num_columns: int) -> Iterator["Examples"]:
        """The same in parts, of which so many columns fit in memory."""
        step = max(1, _CHUNK // (num_columns * self.num_views))
        for first in range(0, len(self.photos), step):
            yield self.take(slice(first, first + step))


Fit = Callable[[Examples], Model]
Predict = Callable[[NDArray[np.float32]], Probabilities]
Ready = Callable[[Model], Predict]


def read(features: Features, photos: Rows, columns: Rows | slice = slice(None)) -> NDArray[np.float32]:
    """Some features of every view of some photos, float32, shape (photos * views, columns); no others are read."""
    if isinstance(columns, slice):
        found = features[photos, :, columns]
    else:
        found = features[np.ix_(photos, np.arange(features.shape[1]), columns)]
    return np.asarray(found, dtype=np.float32).reshape(len(photos) * features.shape[1], -1)


def num_threads() -> int:
    """That boosters may take: of all processors, or as many as ``OMP_NUM_THREADS`` says, where other work goes on."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdecimal() and int(said) else os.cpu_count() or 1


def draw_columns(eligible: Rows, share: float, generator: np.random.Generator) -> Rows:
    """A share of some columns, at least one of them, at random; sorted."""
    return np.sort(generator.choice(eligible, max(1, round(share * len(eligible))), replace=False))


def check_num_features(library: str, expected: int, features: NDArray[np.float32]) -> None:
    """Refuse features of other activations: the libraries of boosters do not count them.

    Raises:
        DataError: they are not as many as a head was fitted on.
    """
    if features.shape[1] != expected:
        raise DataError(
            f"the {library} model has {expected} features, the activations {features.shape[1]}; "
            "fit it again on activations of this backbone and size"
        )


def photo_chunks(photos: Rows, features: Features) -> Iterator[Rows]:
    """Photos in parts, of which all features fit in memory."""
    step = max(1, _CHUNK // (features.shape[1] * features.shape[2]))
    return slices(photos, step)


def cross_predict(
    fit: Fit[Model],
    ready: Ready[Model],
    features: Features,
    subsets: Subsets,
    groups: NDArray[np.object_],
    weights: WeightParameters,
    refit: bool,
) -> tuple[Model, Probabilities, Probabilities]:
    """Fit on the training folds to predict validation photos, and once more on all labelled ones for the others.

    Args:
        fit: makes a model of examples.
        ready: makes of a model what gives probabilities of the examples' classes, shape (n, classes).
        features: of all photos of the manifest, shape (photos, views, D).
        subsets: which photos are which.
        groups: photos of the manifest that belong together have the same, shape (photos,).
        weights: how much photos count.
        refit: whether there is a second fit; without it the first one predicts all.

    Returns:
        The last model, probabilities of the validation photos and of the photos to predict, shape (photos, values).
    """
    num_values = subsets.train_label_strings.shape[1]
    seen_values = subsets.seen_values
    model = fit(_examples(features, subsets.train, subsets.train_label_strings, groups, weights))
    validation = predict_views(ready(model), features, subsets.validation, seen_values, num_values)
    if refit:
        label_strings = subsets.all_label_strings
        seen_values = np.flatnonzero((label_strings == "y").any(axis=0))
        model = fit(_examples(features, subsets.labelled, label_strings, groups, weights))
    return model, validation, predict_views(ready(model), features, subsets.to_predict, seen_values, num_values)


def predict_views(
    predict: Predict,
    features: Features,
    photos: Rows,
    seen_values: Rows,
    num_values: int,
) -> Probabilities:
    """Mean over the views, for all values; features are read in parts.

    Args:
        predict: probabilities of the values that are present, of examples.
        features: shape (all photos, views, D).
        photos: rows of those to predict.
        seen_values: indices of the values that the head knows.
        num_values: how many the category has.

    Returns:
        Shape (photos, num_values).
    """
    chunks = [np.zeros((0, num_values))]
    for some in photo_chunks(photos, features):
        per_view = predict(read(features, some)).reshape(len(some), -1, len(seen_values))
        chunks.append(with_floor(per_view.mean(axis=1), seen_values, num_values))
    return np.concatenate(chunks)


def _examples(
    features: Features, rows: Rows, label_strings: LabelStrings, groups: NDArray[np.object_], weights: WeightParameters
) -> Examples:
    """An example for each view of a photo and each of its values: the labelled one, and those marked ``m``."""
    seen_values = np.flatnonzero((label_strings == "y").any(axis=0))
    of_seen = label_strings[:, seen_values]
    shares = value_shares(of_seen, weights.maybe_share)
    photos, classes = np.nonzero(shares)
    of_examples = shares[photos, classes] * photo_weights(of_seen, weights.class_balance)[photos]
    return Examples(features, rows[photos], classes, of_examples.astype(np.float32), groups[rows[photos]])
