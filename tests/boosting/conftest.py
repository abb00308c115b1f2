from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from apparel_eye.boosting.heads import Examples, Features
from apparel_eye.parameters import LogisticParameters, XGBoostParameters


@pytest.fixture
def xgboost_parameters() -> XGBoostParameters:
    return XGBoostParameters(
        num_rounds=10,
        num_models=2,
        seed=1,
        block_rounds=4,
        block_columns=0.5,
        learning_rate=0.3,
        max_depth=2,
        subsample=0.8,
        colsample_bynode=0.5,
        max_bin=32,
        reg_lambda=1.0,
    )


@pytest.fixture
def logistic_parameters() -> LogisticParameters:
    return LogisticParameters(C=10.0, max_iterations=1000)


@pytest.fixture
def make_examples() -> Callable[..., Examples]:
    """Clouds about one center per class, all of the same weight unless told."""

    def made(num_classes: int = 3, num_features: int = 40, num: int = 60, spread: float = 0.3) -> Examples:
        generator = np.random.default_rng(0)
        classes: NDArray[np.intp] = np.arange(num) % num_classes
        centers = generator.normal(size=(num_classes, num_features))
        features: Features = (centers[classes] + spread * generator.normal(size=(num, num_features))).astype(np.float32)
        return Examples(features, classes, np.ones(num, dtype=np.float32))

    return made
