"""The ``ingest`` pipeline."""

from apparel_eye.pipelines.ingest.pipeline import create_pipeline

__all__ = ["create_pipeline"]
