"""The ``report`` pipeline."""

from apparel_eye.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
