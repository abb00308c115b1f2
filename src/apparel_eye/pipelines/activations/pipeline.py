"""Photos and a network to feature maps."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from apparel_eye.activations.index import index_of
from apparel_eye.pipelines.activations.nodes import (
    choose_networks,
    extract_activations,
    index_activations,
    resize_photos,
)


def create_pipeline(stages: Sequence[str]) -> Pipeline:
    """Feature maps of all photos, at a size of their own, of the backbone or of what the stages have made of it."""
    pixels = {stage: f"{stage}_pixels" for stage in stages}
    chosen = {
        "backbone_weights": "backbone_weights",
        "checkpoint": f"{stages[-1]}_checkpoint",
        **{name: name for name in ("subsets", "modes")},
        **{name: f"params:activations.{name}" for name in ("source", "held_out")},
        **{name: f"params:train.{name}" for name in ("augmentation", "stages", "finder")},
        **{name: f"params:{name}" for name in ("train", "category")},
    }
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
                    "params:activations.size",
                ],
                outputs="activations_pixels",
                name="resize_photos",
            ),
            Node(
                choose_networks,
                inputs={**chosen, **pixels},
                outputs=["activation_networks", "activation_network_of"],
                name="choose_networks",
            ),
            Node(index_of, inputs="manifest", outputs="activations_photos", name="list_photos"),
            Node(
                extract_activations,
                inputs=[
                    "activations_pixels",
                    "activations_photos",
                    "activations_resume_from",
                    "activation_networks",
                    "activation_network_of",
                    "modes",
                    "params:activations",
                    "params:train.augmentation",
                    "params:train.backbone",
                    "params:category",
                ],
                outputs="activations",
                name="extract_activations",
            ),
            Node(
                index_activations,
                inputs=["activations_photos", "activations"],
                outputs="activations_index",
                name="index_activations",
            ),
        ]
    )
