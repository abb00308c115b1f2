from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from apparel_eye.classifiers import bags, lightgbm_head, logistic, perceptron, xgboost_head
from apparel_eye.classifiers.heads import Examples
from apparel_eye.classifiers.lightgbm_head import LightGBMBoosters
from apparel_eye.classifiers.registry import HEADS, load_head
from apparel_eye.classifiers.xgboost_head import Boosters
from apparel_eye.parameters.boost import HEADS as NAMES
from apparel_eye.parameters.boost import BagParameters, LightGBMParameters, PerceptronParameters, XGBoostParameters

SHAPE = (4, 3, 2)


def _predict_boosters(model: str, features: NDArray[np.float32]) -> NDArray[np.float64]:
    return Boosters(model).predict(features)


def _predict_lightgbm(model: str, features: NDArray[np.float32]) -> NDArray[np.float64]:
    return LightGBMBoosters(model).predict(features)


@pytest.fixture
def heads(
    make_maps: Callable[..., Examples],
    xgboost_parameters: XGBoostParameters,
    bag_parameters: BagParameters,
    perceptron_parameters: PerceptronParameters,
    lightgbm_parameters: LightGBMParameters,
) -> dict[str, tuple[Any, Callable[..., np.ndarray]]]:
    """A fitted model of each kind, and its own way to predict."""
    examples = make_maps(SHAPE, (2,))
    return {
        "xgboost": (xgboost_head.fit(examples, xgboost_parameters), _predict_boosters),
        "bags": (bags.fit(examples, SHAPE, bag_parameters), _predict_boosters),
        "logistic": (logistic.fit(examples, 10.0, 1000), logistic.predict),
        "perceptron": (perceptron.fit(examples, perceptron_parameters), perceptron.predict),
        "lightgbm": (lightgbm_head.fit(examples, lightgbm_parameters), _predict_lightgbm),
    }


def test_each_head_has_parameters_and_the_other_way_round() -> None:
    assert tuple(HEADS) == NAMES


@pytest.mark.parametrize("name", HEADS)
def test_a_loaded_head_predicts_as_the_one_that_was_fitted(
    name: str, heads: dict[str, tuple[Any, Callable[..., np.ndarray]]]
) -> None:
    model, predict = heads[name]
    features = 5 * np.random.default_rng(5).normal(size=(7, 24)).astype(np.float32)
    probabilities = load_head(name, model)(features)
    np.testing.assert_array_equal(probabilities, predict(model, features))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
    assert np.ptp(probabilities, axis=0).max() > 0.01
