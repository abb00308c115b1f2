"""From activations to heads and their probabilities."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.parameters import BoostParameters, SubmitParameters
from apparel_eye.subsets import make_subsets
from apparel_eye.tables import probability_table

Features = NDArray[np.float32]


def train_xgboost(
    pooled: Features,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    boost: BoostParameters,
    submit: SubmitParameters,
) -> tuple[str, pd.DataFrame]:
    """The booster that predicts new photos, and its probabilities."""
    from apparel_eye.boosting import xgboost_head
    from apparel_eye.boosting.heads import cross_predict

    subsets = make_subsets(manifest, folds, values)
    model, validation, questions = cross_predict(
        lambda examples: xgboost_head.fit(examples, boost.xgboost),
        xgboost_head.predict,
        pooled,
        subsets,
        boost.maybe_share,
        submit.refit,
    )
    return model, probability_table("xgboost", manifest, subsets, validation, questions)


def train_logistic(
    pooled: Features,
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    boost: BoostParameters,
    submit: SubmitParameters,
) -> tuple[dict[str, NDArray[Any]], pd.DataFrame]:
    """The logistic regression that predicts new photos, and its probabilities."""
    from apparel_eye.boosting import logistic
    from apparel_eye.boosting.heads import cross_predict

    subsets = make_subsets(manifest, folds, values)
    model, validation, questions = cross_predict(
        lambda examples: logistic.fit(examples, boost.logistic),
        logistic.predict,
        pooled,
        subsets,
        boost.maybe_share,
        submit.refit,
    )
    return model, probability_table("logistic", manifest, subsets, validation, questions)
