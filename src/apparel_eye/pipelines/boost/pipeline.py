"""Activations to heads."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.boost.nodes import train_logistic, train_xgboost

_INPUTS = ["pooled_activations", "manifest", "folds", "values", "params:boost", "params:submit"]


def create_pipeline() -> Pipeline:
    """XGBoost, and the control that it must beat, on the same activations."""
    return Pipeline(
        [
            Node(
                train_xgboost,
                inputs=_INPUTS,
                outputs=["xgboost_model", "xgboost_probabilities"],
                name="train_xgboost",
            ),
            Node(
                train_logistic,
                inputs=_INPUTS,
                outputs=["logistic_model", "logistic_probabilities"],
                name="train_logistic",
            ),
        ]
    )
