"""From a raw folder to one table of photos and labels: the FashionAI layout, or plain category folders."""

from apparel_eye.data.layouts.layout import COLUMNS, Layout
from apparel_eye.data.layouts.reading import read_layout

__all__ = ["COLUMNS", "Layout", "read_layout"]
