"""The ``predict`` pipeline."""

from apparel_eye.pipelines.predict.pipeline import create_pipeline

__all__ = ["create_pipeline"]
