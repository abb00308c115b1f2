"""The ``ensemble`` pipeline."""

from apparel_eye.pipelines.ensemble.pipeline import create_pipeline

__all__ = ["create_pipeline"]
