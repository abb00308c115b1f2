"""What may be said of every parameter: its type, default, value and meaning."""

from apparel_eye.parameters.reference.describe import Described, describe_parameters, sections, written

__all__ = ["Described", "describe_parameters", "sections", "written"]
