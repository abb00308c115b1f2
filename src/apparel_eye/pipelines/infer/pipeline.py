"""Checkpoint to probabilities."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.infer.nodes import predict_photos


def create_pipeline(stage: str) -> Pipeline:
    """Predict with the network of a stage."""
    return Pipeline(
        [
            Node(
                predict_photos,
                inputs=[
                    f"{stage}_checkpoint",
                    f"{stage}_pixels",
                    "subsets",
                    "modes",
                    "params:infer",
                    "params:train.augmentation",
                    "params:category",
                ],
                outputs="network_probabilities",
                name="predict_photos",
            )
        ]
    )
