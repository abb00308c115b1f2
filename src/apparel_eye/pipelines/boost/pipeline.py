"""Activations to heads."""

from collections.abc import Iterable

from kedro.pipeline import Node, Pipeline

from apparel_eye.activations.pooling import pool
from apparel_eye.classifiers.registry import Head
from apparel_eye.pipelines.boost.nodes import describe_bags, draw_bags, train


def create_pipeline(heads: Iterable[Head]) -> Pipeline:
    """XGBoost and bags, and the controls that they must beat, on the same activations."""
    return Pipeline(
        [
            Node(
                pool,
                inputs=["activations", "params:boost.pooling"],
                outputs="pooled_activations",
                name="pool_activations",
            ),
            *map(_train, heads),
            Node(describe_bags, inputs="bags_model", outputs="bag_filters", name="describe_bags"),
            Node(
                draw_bags,
                inputs=["bags_model", "bag_filters", "activations_pixels", "subsets"],
                outputs="bags_figure",
                name="draw_bags",
            ),
        ]
    )


def _train(head: Head) -> Node:
    """The node that fits a head, on no more than it needs."""
    return Node(
        train(head),
        inputs={
            **{name: name for name in ("activations", "subsets")},
            "index": "activations_index",
            "network_of": "activation_network_of",
            "parameters": f"params:boost.{head.name}",
            "weights": "params:boost.weights",
            "refit": "params:submit.refit",
            **({"pooled": "pooled_activations"} if "pooled" in head.sees else {}),
            **({"modes": "modes"} if head.uses_device else {}),
        },
        outputs=[f"{head.name}_model", f"{head.name}_probabilities"],
        name=f"train_{head.name}",
    )
