"""Sheets of photos with a title each, such as mistakes, contact sheets and heat maps."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.reports.lettering import POINTS, fitted

DPI = 110
HEAT = ListedColormap([colormaps["viridis"](heat, alpha=0.7 * heat) for heat in np.linspace(0, 1, 256)], name="heat")
"""From nothing to a yellow through which the photo shows; reds would be taken for skin."""
_WIDTH, _SMALLEST, _ROOM = 1.9, 0.8, 20.0  # inches: of a photo's cell, of one among very many, of all in a row
_SIDE_RATIO = 1.4
"""Height to width of the place for a photo; a slimmer one is as high and less wide."""
_GAP = 0.06  # of a cell's width
_FONT = 8.0  # points, in a cell of the usual width
_KEY = 1.1  # inches: what a color stands for


def gallery(photos: Sequence[NDArray[np.uint8]], titles: Sequence[str], when_empty: str, columns: int = 6) -> Figure:
    """Photos with a title each, in rows of that many; more in a row are smaller."""
    return _sheet(photos, titles, when_empty, columns, margin=0.0)


def overlays(
    pixels: Sequence[NDArray[np.uint8]], maps: Sequence[NDArray[np.float32]], titles: Sequence[str], empty_note: str
) -> Figure:
    """Photos with a title each, and over each its heat map in [0, 1]; where it is zero the photo is as it was."""
    figure = _sheet(pixels, titles, empty_note, columns=6, margin=_KEY)
    shown = [axes.imshow(heat, cmap=HEAT, vmin=0, vmax=1) for axes, heat in zip(figure.axes, maps, strict=False)]
    if shown:
        width, height = figure.get_size_inches()
        place = figure.add_axes(((width - _KEY + 0.1) / width, 0.2 / height, 0.12 / width, 1 - 0.4 / height))
        figure.colorbar(shown[0], cax=place).set_label(
            "speaks for the value,\nshare of the photo's largest", fontsize=_FONT
        )
    return figure


def _sheet(
    photos: Sequence[NDArray[np.uint8]], titles: Sequence[str], when_empty: str, columns: int, margin: float
) -> Figure:
    """Places are computed: matplotlib's own layouts take seconds for some hundred photos."""
    if not len(photos):
        figure = Figure(figsize=(6, 1), dpi=DPI)
        figure.suptitle(when_empty, y=0.5, va="center")
        return figure
    columns = min(columns, len(photos))
    cell = float(np.clip(_ROOM / columns, _SMALLEST, _WIDTH))
    font = _FONT * max(cell / _WIDTH, 0.6)
    lines = max(title.count("\n") + 1 for title in titles)
    above, high = (1.25 * lines * font + 8) / POINTS, _SIDE_RATIO * cell
    rows = -(-len(photos) // columns)
    width, height = columns * cell + margin, rows * (above + high) + _GAP * cell
    figure = Figure(figsize=(width, height), dpi=DPI)
    for place, (photo, title) in enumerate(zip(photos, titles, strict=True)):
        row, column = divmod(place, columns)
        left, bottom = (column + _GAP / 2) * cell, height - (row + 1) * (above + high)
        axes = figure.add_axes((left / width, bottom / height, (1 - _GAP) * cell / width, high / height), anchor="N")
        axes.axis("off")
        axes.imshow(photo)
        told = "\n".join(fitted(line, (1 - 2 * _GAP) * cell, font) for line in title.split("\n"))
        axes.set_title(told, fontsize=font, pad=2, linespacing=1.15)
    return figure
