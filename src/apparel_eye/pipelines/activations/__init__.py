"""The ``activations`` pipeline."""

from apparel_eye.pipelines.activations.pipeline import create_pipeline

__all__ = ["create_pipeline"]
