"""Raw folder to manifest."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.pipelines.ingest import nodes


def create_pipeline() -> Pipeline:
    """Find the photos of a category, look into each, find copies, and show what there is."""
    return Pipeline(
        [
            Node(
                nodes.find_photos,
                inputs=["raw_folder", "params:category", "params:ingest.labels"],
                outputs=["photo_list", "questions", "values", "notes"],
                name="find_photos",
            ),
            Node(
                nodes.read_photos,
                inputs=["photos", "photo_list", "known_records", "known_thumbnails", "params:ingest.photos"],
                outputs=["photo_records", "thumbnails"],
                name="read_photos",
            ),
            Node(
                nodes.find_duplicates,
                inputs=["photo_list", "photo_records", "thumbnails", "params:ingest.duplicates"],
                outputs="duplicates",
                name="find_duplicates",
            ),
            Node(
                nodes.make_manifest,
                inputs=[
                    "photo_list",
                    "photo_records",
                    "duplicates",
                    "params:category",
                    "params:ingest.labels",
                    "params:ingest.max_quarantine_share",
                ],
                outputs=["manifest", "quarantine"],
                name="make_manifest",
            ),
            Node(
                nodes.summarize_category,
                inputs=["photo_list", "manifest", "quarantine", "duplicates", "thumbnails", "values", "notes"],
                outputs=["category_overview", "findings"],
                name="summarize_category",
            ),
            Node(
                nodes.draw_overview,
                inputs=["category_overview", "manifest", "params:category"],
                outputs=["category_overview_figure", "photo_sizes_figure"],
                name="draw_overview",
            ),
            Node(
                nodes.draw_samples,
                inputs=[
                    "photos",
                    "manifest",
                    "duplicates",
                    "values",
                    "params:ingest.photos",
                    "params:ingest.num_shown",
                ],
                outputs=["values_figure", "duplicates_figure"],
                name="draw_samples",
            ),
        ]
    )
