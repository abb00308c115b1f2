"""Confusion matrices: the submitted candidate's to read, the others' to compare."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.reports.lettering import FONT, NAME, POINTS, names_of
from apparel_eye.reports.sheets import DPI

_TITLES, _SMALLEST = 0.6, 1.1  # inches: above and below a matrix, and of a small one's side
_FEWEST_POINTS = 4.5
"""Of a number that can still be read."""


def confusions(matrices: Mapping[str, NDArray[np.integer]], values: Sequence[str], chosen: str) -> Figure:
    """A matrix per candidate: true values in rows, predicted ones in columns, shaded by the share of the row.

    Args:
        matrices: of counts, by candidate, each of shape (values, values).
        values: their names, in order.
        chosen: the candidate that is submitted; its matrix is large and has counts, the others stand beside it, small.
    """
    side = float(np.clip(0.6 * len(values), 4.0, max(10.0, 0.2 * len(values))))  # inches
    others = {name: matrix for name, matrix in matrices.items() if name != chosen}
    rows = min(3, len(others))
    columns = -(-len(others) // rows) if others else 0
    wide, beside = side + NAME + _TITLES, columns * max(side / 3, _SMALLEST)
    figure = Figure(figsize=(wide + beside, wide), dpi=DPI, layout="constrained")
    if not others:
        _draw_large(figure.subplots(), f"{chosen}: ", matrices[chosen], values, side)
        return figure
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[wide, beside])[0]
    _draw_large(left.subplots(), f"{chosen}, submitted: ", matrices[chosen], values, side)
    small = right.subplots(rows, columns, squeeze=False).ravel()
    for axes in small:
        axes.axis("off")
    for axes, (name, matrix) in zip(small, others.items(), strict=False):
        axes.axis("on")
        axes.imshow(_shares(matrix), cmap="Blues", vmin=0, vmax=1)
        axes.set_title(f"{name}\n{_share_right(matrix)}", fontsize=9)
        axes.set(xticks=[], yticks=[])
    return figure


def _draw_large(axes: Axes, title: str, matrix: NDArray[np.integer], values: Sequence[str], side: float) -> None:
    """With counts, as large as the ``side`` in inches lets them be, and the names of the values."""
    axes.imshow(_shares(matrix), cmap="Blues", vmin=0, vmax=1)
    cell = side / len(values) * POINTS
    font = min(FONT, cell / (0.7 * len(str(matrix.max())) + 0.3))
    for row, column in zip(*np.nonzero(matrix), strict=True) if font >= _FEWEST_POINTS else ():
        dark = matrix[row, column] > 0.5 * matrix[row].sum()
        color = "white" if dark else "black"
        count = axes.text(column, row, matrix[row, column], ha="center", va="center", color=color, fontsize=font)
        count.set_in_layout(False)  # inside anyway, and the layout would measure each of them several times
    axes.set(xlabel="predicted", ylabel="labelled")
    axes.set_title(title + _share_right(matrix))
    places, names, name_font = range(len(values)), names_of(values), min(FONT, 0.6 * cell)
    axes.set_xticks(places, names, rotation=90, fontsize=name_font)
    axes.set_yticks(places, names, fontsize=name_font)


def _shares(matrix: NDArray[np.integer]) -> NDArray[np.float64]:
    """Of the row."""
    shares: NDArray[np.float64] = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    return shares


def _share_right(matrix: NDArray[np.integer]) -> str:
    return f"{np.trace(matrix) / max(matrix.sum(), 1):.1%} right"
