"""Manifest to folds."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.split.nodes import assign_folds_of


def create_pipeline() -> Pipeline:
    """Deal labelled photos into folds."""
    return Pipeline(
        [Node(assign_folds_of, inputs=["manifest", "params:split"], outputs="folds", name="assign_folds_of")]
    )
