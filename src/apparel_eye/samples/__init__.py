"""Drawn garments: small photo-like pictures in the FashionAI layout, made from a seed.

``python -m apparel_eye.samples FOLDER`` writes them; see ``--help``.
"""

from apparel_eye.samples.drawing import Drawing, draw
from apparel_eye.samples.write import write_samples

__all__ = ["Drawing", "draw", "write_samples"]
