"""Fitted heads by name, ready to predict."""

from collections.abc import Callable
from functools import partial
from typing import Any

from apparel_eye.classifiers import logistic, perceptron
from apparel_eye.classifiers.heads import Predict
from apparel_eye.classifiers.xgboost_head import Boosters

_LOADERS: dict[str, Callable[[Any], Predict]] = {
    "xgboost": lambda model: Boosters(model).predict,
    "bags": lambda model: Boosters(model).predict,
    "logistic": lambda model: partial(logistic.predict, model),
    "perceptron": lambda model: partial(perceptron.predict, model),
}


def load_head(name: str, model: Any) -> Predict:
    """What gives probabilities of the classes, shape (n, classes), for features of shape (n, D).

    Args:
        name: of the candidate.
        model: as it was fitted: JSON of boosters, weights of others.
    """
    return _LOADERS[name](model)
