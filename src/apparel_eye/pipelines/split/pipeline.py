"""Manifest to folds."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.split.nodes import deal_photos


def create_pipeline() -> Pipeline:
    """Deal labelled photos into folds."""
    return Pipeline([Node(deal_photos, inputs=["manifest", "params:split"], outputs="folds", name="deal_photos")])
