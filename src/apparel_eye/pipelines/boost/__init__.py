"""The ``boost`` pipeline."""

from apparel_eye.pipelines.boost.pipeline import create_pipeline

__all__ = ["create_pipeline"]
