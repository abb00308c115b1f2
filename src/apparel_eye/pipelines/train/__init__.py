"""The ``train`` pipeline."""

from apparel_eye.pipelines.train.pipeline import create_pipeline

__all__ = ["create_pipeline"]
