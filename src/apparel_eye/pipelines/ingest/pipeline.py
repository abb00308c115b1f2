"""Raw folder to manifest."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.ingest.nodes import draw_overview, ingest_photos, summarize_category


def create_pipeline() -> Pipeline:
    """Find the photos of a category, check each, and count them."""
    return Pipeline(
        [
            Node(
                ingest_photos,
                inputs=["raw_folder", "params:category", "params:ingest"],
                outputs=["manifest", "quarantine", "questions", "values"],
                name="ingest_photos",
            ),
            Node(
                summarize_category,
                inputs=["manifest", "quarantine", "values"],
                outputs="category_overview",
                name="summarize_category",
            ),
            Node(
                draw_overview,
                inputs=["category_overview", "params:category"],
                outputs="category_overview_figure",
                name="draw_overview",
            ),
        ]
    )
