"""A user's own photos to a table."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.predict.nodes import draw_contact_sheet, tag_photos


def create_pipeline(stage: str) -> Pipeline:
    """Tag a folder of photos with the network of a stage, which must have been trained."""
    return Pipeline(
        [
            Node(
                tag_photos,
                inputs=[
                    "own_photos",
                    f"{stage}_checkpoint",
                    "modes",
                    "params:ingest.photos",
                    "params:infer",
                    "params:train",
                    "params:category",
                ],
                outputs="predictions",
                name="tag_photos",
            ),
            Node(
                draw_contact_sheet,
                inputs=["own_photos", "predictions", "params:ingest.photos", "params:predict"],
                outputs="contact_sheet",
                name="draw_contact_sheet",
            ),
        ]
    )
