"""The ``split`` pipeline."""

from apparel_eye.pipelines.split.pipeline import create_pipeline

__all__ = ["create_pipeline"]
