from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from apparel_eye.classifiers.heads import Examples, Features
from apparel_eye.parameters.boost import (
    BagParameters,
    BoosterParameters,
    LightGBMParameters,
    PerceptronParameters,
    XGBoostParameters,
)


@pytest.fixture
def booster_parameters() -> BoosterParameters:
    return BoosterParameters(
        num_rounds=10,
        seed=1,
        objective="classes",
        learning_rate=0.3,
        max_depth=2,
        subsample=0.8,
        colsample_bynode=0.5,
        max_bin=32,
        reg_lambda=1.0,
        block_rounds=4,
        block_columns=0.5,
        kept_share=0.0,
        patience=1,
    )


@pytest.fixture
def xgboost_parameters(booster_parameters: BoosterParameters) -> XGBoostParameters:
    return XGBoostParameters(**dict(booster_parameters), features="pooled", num_models=2)


@pytest.fixture
def bag_parameters(booster_parameters: BoosterParameters) -> BagParameters:
    return BagParameters(**dict(booster_parameters), num_bags=3, num_filters=2, importance="weights")


@pytest.fixture
def perceptron_parameters() -> PerceptronParameters:
    return PerceptronParameters(features="pooled", hidden=8, penalty=0.1, learning_rate=1e-2, num_epochs=100, seed=1)


@pytest.fixture
def lightgbm_parameters() -> LightGBMParameters:
    return LightGBMParameters(
        features="pooled",
        num_rounds=20,
        num_models=2,
        seed=1,
        learning_rate=0.3,
        num_leaves=4,
        min_data_in_leaf=2,
        bagging_fraction=0.8,
        feature_fraction_bynode=0.5,
        block_rounds=6,
        block_columns=0.5,
        lambda_l2=1.0,
        max_bin=31,
    )


@pytest.fixture
def make_examples() -> Callable[..., Examples]:
    """Clouds about one center per class, of one view each, all of the same weight, each a group of its own."""

    def made(num_classes: int = 3, num_features: int = 40, num: int = 60, spread: float = 0.3) -> Examples:
        generator = np.random.default_rng(0)
        classes: NDArray[np.intp] = np.arange(num) % num_classes
        centers = generator.normal(size=(num_classes, num_features))
        features: Features = (centers[classes] + spread * generator.normal(size=(num, num_features))).astype(np.float32)
        return Examples(features[:, None], np.arange(num), classes, np.ones(num, dtype=np.float32), np.arange(num))

    return made


@pytest.fixture
def make_maps() -> Callable[..., Examples]:
    """Feature maps of noise, in which one filter grows with the class, of two views each."""

    def made(
        shape: tuple[int, int, int], planted: tuple[int | slice, ...], num_classes: int = 3, num: int = 60
    ) -> Examples:
        generator = np.random.default_rng(0)
        classes: NDArray[np.intp] = np.arange(num) % num_classes
        maps = generator.normal(size=(num, 2, *shape))
        maps[:, :, *planted] += 5 * classes.reshape(-1, *[1] * (maps[:, :, *planted].ndim - 1))
        features: Features = maps.reshape(num, 2, -1).astype(np.float16)
        return Examples(features, np.arange(num), classes, np.ones(num, dtype=np.float32), np.arange(num))

    return made
