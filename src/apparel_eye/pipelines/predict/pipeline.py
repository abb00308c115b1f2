"""A user's own photos to a table."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.predict.nodes import draw_contact_sheet, draw_heat_maps, tag_photos, write_csv


def create_pipeline(stage: str) -> Pipeline:
    """Tag photos with the models of a category, which must have been trained; a stage's network is used."""
    return Pipeline(
        [
            Node(
                tag_photos,
                inputs={
                    **{name: name for name in ("own_photos", "num_predicted", "recognizer", "activation_networks")},
                    "checkpoint": f"{stage}_checkpoint",
                    "heads": "trained_heads",
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
