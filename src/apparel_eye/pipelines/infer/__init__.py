"""The ``infer`` pipeline."""

from apparel_eye.pipelines.infer.pipeline import create_pipeline

__all__ = ["create_pipeline"]
