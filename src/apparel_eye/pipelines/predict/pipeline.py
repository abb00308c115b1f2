"""A user's own photos to a table."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.predict.nodes import draw_contact_sheet, draw_heat_maps, tag_photos, write_csv
from apparel_eye.selection.candidates import HEADS


def create_pipeline(stage: str) -> Pipeline:
    """Tag photos with the models of a category, which must have been trained; a stage's network is used."""
    models = {
        "checkpoint": f"{stage}_checkpoint",
        "activation_networks": "activation_networks",
        **{head: f"{head}_model" for head in HEADS},
    }
    return Pipeline(
        [
            Node(
                tag_photos,
                inputs={
                    **{name: name for name in ("own_photos", "num_predicted", "recognizer")},
                    **models,
                    "predict": "params:predict",
                },
                outputs="predictions",
                name="tag_photos",
            ),
            Node(write_csv, inputs="predictions", outputs="predictions_csv", name="write_csv"),
            Node(
                draw_contact_sheet,
                inputs=["own_photos", "predictions", "recognizer", "params:predict"],
                outputs="contact_sheet",
                name="draw_contact_sheet",
            ),
            Node(
                draw_heat_maps,
                inputs=["own_photos", "predictions", "recognizer", f"{stage}_checkpoint", "params:predict"],
                outputs="heat_maps",
                name="draw_heat_maps",
            ),
        ]
    )
