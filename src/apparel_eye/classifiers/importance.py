"""How much the filters of feature maps say about the values, each by what it shows in a few strips of the photo."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xgboost
from numpy.typing import NDArray

from apparel_eye.activations.pooling import in_cells
from apparel_eye.classifiers import logistic
from apparel_eye.classifiers.heads import Examples, photo_chunks, read
from apparel_eye.classifiers.xgboost_head import gains_of
from apparel_eye.parameters import BagParameters

Importances = NDArray[np.float64]
_STRIPS = 4
"""Into which a map is cut from top to bottom: full averages would not show what ends where."""
_STRENGTH, _MAX_ITERATIONS = 10.0, 1000  # of the logistic regression; the first as boost.logistic.C
_PILOT_ROUNDS = 50
_PILOT_COLUMNS = 0.1
"""Of the columns at each node, so that of filters alike each has its turn."""


def importances(examples: Examples, shape: tuple[int, int, int], parameters: BagParameters) -> Importances:
    """Of each filter, shape (C,), none negative.

    Args:
        examples: of feature maps, D of them being C H W.
        shape: C, H and W.
        parameters: which importance, and how XGBoost grows.
    """
    strips = _strips(examples, shape)
    of_columns = IMPORTANCES[parameters.importance](strips, parameters)
    total: Importances = of_columns.reshape(shape[0], -1).sum(axis=1)
    return total


def _of_weights(strips: Examples, _: BagParameters) -> Importances:
    """Weights of a logistic regression, times spread."""
    # those of standardized features are weights times spreads already
    coefficients = logistic.fit(strips, _STRENGTH, _MAX_ITERATIONS)["coefficients"]
    return np.asarray(np.abs(coefficients).sum(axis=0, dtype=np.float64))


def _of_gradients(strips: Examples, _: BagParameters) -> Importances:
    """Gradient of the labelled value's logit in a logistic regression, times activation."""
    # the logit is linear: its gradient is the value's coefficients
    model = logistic.fit(strips, _STRENGTH, _MAX_ITERATIONS)
    gradients = (model["coefficients"] / model["scale"])[strips.of_each(strips.classes)]
    products = np.abs(gradients * strips.columns(slice(None)))
    return np.average(products, axis=0, weights=strips.of_each(strips.weights)).astype(np.float64)


def _of_gains(strips: Examples, parameters: BagParameters) -> Importances:
    """What splits gain in all, in a small booster of the bags' kind."""
    matrix = xgboost.QuantileDMatrix(
        strips.columns(slice(None)),
        strips.of_each(strips.classes),
        weight=strips.of_each(strips.weights),
        max_bin=parameters.max_bin,
    )
    settings = {
        **parameters.passed_on(),
        "colsample_bynode": _PILOT_COLUMNS,
        "objective": "multi:softprob",
        "num_class": strips.num_classes,
        "tree_method": "hist",
        "seed": parameters.seed,
    }
    return gains_of(xgboost.train(settings, matrix, _PILOT_ROUNDS), strips.num_features)


IMPORTANCES: dict[str, Callable[[Examples, BagParameters], Importances]] = {
    "weights": _of_weights,
    "gradient": _of_gradients,
    "gain": _of_gains,
}
"""Of strips of filters, shape (columns,), by their names."""


def _strips(examples: Examples, shape: tuple[int, int, int]) -> Examples:
    """The same examples, of which only averages of strips are kept: D is C strips, filter by filter."""
    photos, position = np.unique(examples.photos, return_inverse=True)
    averages = [
        in_cells(read(examples.features, some).reshape(-1, *shape), (_STRIPS, 1))
        for some in photo_chunks(photos, examples.features)
    ]
    pooled = np.concatenate(averages).reshape(len(photos), examples.num_views, -1)
    return replace(examples, features=pooled, photos=position)
