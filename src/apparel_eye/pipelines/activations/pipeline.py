"""Photos and a network to feature maps."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.activations.nodes import extract_activations, pool_activations


def create_pipeline(stage: str) -> Pipeline:
    """Feature maps of the photos at a stage's size."""
    return Pipeline(
        [
            Node(
                extract_activations,
                inputs=[f"{stage}_pixels", "backbone_weights", "precisions", "params:activations", "params:train"],
                outputs="activations",
                name="extract_activations",
            ),
            Node(pool_activations, inputs="activations", outputs="pooled_activations", name="pool_activations"),
        ]
    )
