"""Tells MLflow about runs. No run fails, waits long or is forgotten because MLflow does not answer."""

from apparel_eye.tracking.hook import MlflowTracking

__all__ = ["MlflowTracking"]
