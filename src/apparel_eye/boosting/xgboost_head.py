"""XGBoost on the rows of feature maps."""

import json
from typing import Any

import numpy as np
import xgboost
from tqdm import tqdm

from apparel_eye.boosting.heads import Features, Probabilities
from apparel_eye.errors import DataError
from apparel_eye.parameters import XGBoostParameters
from apparel_eye.subsets import Rows


def fit(features: Features, classes: Rows, parameters: XGBoostParameters) -> str:
    """Boosters that differ in their seed, as JSON.

    Args:
        features: shape (n, D).
        classes: 0, 1, ... in order, each with a photo, shape (n,).
        parameters: XGBoost's.
    """
    settings = parameters.model_dump(exclude={"num_rounds", "num_models", "seed"})
    matrix = xgboost.QuantileDMatrix(features, classes, max_bin=parameters.max_bin)
    total = parameters.num_models * parameters.num_rounds
    with tqdm(total=total, desc="XGBoost", unit="round", disable=None) as bar:
        boosters = [
            xgboost.train(
                {
                    **settings,
                    "objective": "multi:softprob",
                    "num_class": int(classes.max()) + 1,
                    "tree_method": "hist",
                    "seed": parameters.seed + position,
                },
                matrix,
                num_boost_round=parameters.num_rounds,
                callbacks=[_Progress(bar)],
            )
            for position in range(parameters.num_models)
        ]
    return json.dumps([json.loads(booster.save_raw("json")) for booster in boosters])


def predict(model: str, features: Features) -> Probabilities:
    """Mean probabilities of the boosters, shape (n, classes).

    Raises:
        DataError: the features are not as many as the model was fitted on; XGBoost itself does not look.
    """
    per_booster = []
    for raw in json.loads(model):
        booster = xgboost.Booster(model_file=bytearray(json.dumps(raw).encode()))
        if booster.num_features() != features.shape[1]:
            raise DataError(
                f"the XGBoost model has {booster.num_features()} features, the activations {features.shape[1]}; "
                "fit it again on activations of this backbone and size"
            )
        per_booster.append(booster.inplace_predict(features))
    return np.mean(per_booster, axis=0, dtype=np.float64)


class _Progress(xgboost.callback.TrainingCallback):
    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self._bar.update()
        return False
