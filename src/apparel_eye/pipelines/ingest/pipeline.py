"""Raw folder to manifest."""

from kedro.pipeline import Node, Pipeline

from apparel_eye.data.scan import scan_photos
from apparel_eye.pipelines.ingest import nodes
from apparel_eye.reports.figures import overview, photo_sizes
from apparel_eye.reports.overview import draw_copies, draw_values


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
                scan_photos,
                inputs=["photo_list", "photos", "known_records", "known_thumbnails", "params:ingest.photos"],
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
                overview,
                inputs=["category_overview", "params:category"],
                outputs="category_overview_figure",
                name="draw_overview",
            ),
            Node(
                photo_sizes,
                inputs=["manifest", "params:category"],
                outputs="photo_sizes_figure",
                name="draw_photo_sizes",
            ),
            Node(
                draw_values,
                inputs=["photos", "manifest", "values", "params:ingest.photos", "params:ingest.num_shown"],
                outputs="values_figure",
                name="draw_values",
            ),
            Node(
                draw_copies,
                inputs=["photos", "duplicates", "params:ingest.photos"],
                outputs="duplicates_figure",
                name="draw_copies",
            ),
        ]
    )
