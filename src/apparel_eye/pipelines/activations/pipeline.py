"""Photos and a network to feature maps."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.activations.nodes import extract_activations, pool_activations, resize_photos


def create_pipeline() -> Pipeline:
    """Feature maps of all photos, at a size of their own."""
    return Pipeline(
        [
            Node(
                resize_photos,
                inputs=[
                    "photos",
                    "manifest",
                    "params:ingest.photos",
                    "params:train.resize",
                    "params:train.backbone",
                    "params:activations",
                ],
                outputs="activations_pixels",
                name="resize_photos",
            ),
            Node(
                extract_activations,
                inputs=[
                    "activations_pixels",
                    "backbone_weights",
                    "modes",
                    "params:activations",
                    "params:train.backbone",
                ],
                outputs="activations",
                name="extract_activations",
            ),
            Node(pool_activations, inputs="activations", outputs="pooled_activations", name="pool_activations"),
        ]
    )
