"""Activations to heads."""

from typing import Any

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.boost.nodes import (
    describe_bags,
    draw_bags,
    pool_activations,
    train_bags,
    train_logistic,
    train_perceptron,
    train_xgboost,
)

_PHOTOS = ["activations_index", "activation_network_of", "manifest", "folds", "values"]
_PARAMETERS = ["params:boost.weights", "params:submit.refit"]


def create_pipeline() -> Pipeline:
    """XGBoost and bags, and the controls that they must beat, on the same activations."""
    pooled = ["activations", "pooled_activations", *_PHOTOS]
    heads: list[tuple[Any, list[str]]] = [
        (train_xgboost, [*pooled, "modes"]),
        (train_bags, ["activations", *_PHOTOS, "modes"]),
        (train_logistic, pooled),
        (train_perceptron, pooled),
    ]
    trained = [
        Node(
            train,
            inputs=[*inputs, f"params:boost.{name}", *_PARAMETERS],
            outputs=[f"{name}_model", f"{name}_probabilities"],
            name=train.__name__,
        )
        for train, inputs in heads
        for name in [train.__name__.removeprefix("train_")]
    ]
    return Pipeline(
        [
            Node(
                pool_activations,
                inputs=["activations", "params:boost.pooling"],
                outputs="pooled_activations",
                name="pool_activations",
            ),
            *trained,
            Node(describe_bags, inputs="bags_model", outputs="bag_filters", name="describe_bags"),
            Node(
                draw_bags,
                inputs=["bags_model", "bag_filters", "activations_pixels", "manifest"],
                outputs="bags_figure",
                name="draw_bags",
            ),
        ]
    )
