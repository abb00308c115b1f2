"""Manifest to subsets."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.data.subsets import assign_subsets


def create_pipeline() -> Pipeline:
    """Deal labelled photos into folds, and say of every photo what becomes of it."""
    return Pipeline(
        [
            Node(
                assign_subsets,
                inputs=["manifest", "values", "params:split"],
                outputs="subsets",
                name="assign_subsets",
            )
        ]
    )
