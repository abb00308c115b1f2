"""Drawn garments: small photo-like pictures in the FashionAI layout, made from a seed.

``python -m drawn_garments FOLDER`` writes them; see ``--help``.
"""

from drawn_garments.drawing import Drawing, draw
from drawn_garments.write import write_samples

__all__ = ["Drawing", "draw", "write_samples"]
