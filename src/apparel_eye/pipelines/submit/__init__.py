"""The ``submit`` pipeline."""

from apparel_eye.pipelines.submit.pipeline import create_pipeline

__all__ = ["create_pipeline"]
