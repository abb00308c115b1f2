"""Reliability: how often photos have a value, against the probability that a model gives it; a panel for each value."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.metrics.calibration import reliability
from apparel_eye.metrics.official import Probabilities
from apparel_eye.reports.lettering import FONT, fitted
from apparel_eye.reports.sheets import DPI

LEAST_PHOTOS = 10
"""Of a bin, and labelled with a value: fewer have intervals of more than half the axis."""
_MOST_BINS = 10
_PANEL, _TITLE, _GAP = 1.8, 0.54, 0.2  # inches: of a panel's side, above it, beside and below it
_LEFT, _ABOVE, _BELOW = 0.7, 0.35, 0.95  # inches beside all panels
_FEWEST_COLUMNS, _MOST_COLUMNS = 2, 10
_FONT = 8.0  # points
_BLUE, _GREY = "#1f6f8b", "#b8c0c4"
_OBSERVED, _PERFECT = (
    "of a bin of photos, with its 95 % interval; below 5 % all are in one bin",
    "if probabilities were perfect",
)


def reliability_panels(
    probabilities: Probabilities, true_values: NDArray[np.intp], values: Sequence[str], candidate: str
) -> Figure:
    """A panel for each value: in bins by its probability, which share of the photos has it.

    Places are computed, as those of ``sheets``.

    Args:
        probabilities: of validation photos, shape (N, values).
        true_values: index of the value that each is labelled with, shape (N,).
        values: their names, in order.
        candidate: whose probabilities they are.
    """
    columns = int(np.clip(np.ceil(np.sqrt(len(values))), _FEWEST_COLUMNS, _MOST_COLUMNS))
    cell, rows = _PANEL + _GAP, -(-len(values) // columns)
    width, height = _LEFT + columns * cell, _ABOVE + rows * (_TITLE + cell) + _BELOW
    figure = Figure(figsize=(width, height), dpi=DPI)
    for index, value in enumerate(values):
        row, column = divmod(index, columns)
        left, bottom = _LEFT + column * cell, height - _ABOVE - (row + 1) * (_TITLE + cell) + _GAP
        axes = figure.add_axes((left / width, bottom / height, _PANEL / width, _PANEL / height))
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
        axes.tick_params(labelsize=_FONT, labelleft=column == 0, labelbottom=index + columns >= len(values))
        axes.spines[["top", "right"]].set_visible(False)
        told = _draw(axes, probabilities[:, index], true_values == index)
        axes.set_title(f"{fitted(value, _PANEL, _FONT)}\n{told}", fontsize=_FONT, pad=3)
    figure.suptitle(
        f"{candidate}, submitted, on {len(true_values):,} validation photos",
        y=1 - 0.1 / height,
        va="top",
        fontsize=FONT,
    )
    figure.supxlabel("predicted probability of the value", y=0.6 / height, va="bottom", fontsize=FONT)
    figure.supylabel("share of the photos that has it", x=0.1 / width, ha="left", fontsize=FONT)
    handles = {
        name: handle for axes in figure.axes for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if handles:
        figure.legend(handles.values(), handles.keys(), frameon=False, loc="lower center", fontsize=_FONT)
    return figure


def _draw(axes: Axes, probabilities: Probabilities, is_value: NDArray[np.bool_]) -> str:
    """Bins of one value, or why there are none; says of how many photos."""
    num_labelled = int(is_value.sum())
    told = f"{num_labelled:,} labelled"
    if num_labelled < LEAST_PHOTOS:
        axes.text(0.5, 0.5, f"too few photos:\nneeds {LEAST_PHOTOS}", ha="center", va="center", fontsize=_FONT)
        return told
    bins = reliability(probabilities, is_value, LEAST_PHOTOS, _MOST_BINS)
    predicted, observed, low, high, num_photos = np.transpose(bins)
    axes.plot((0, 1), (0, 1), color=_GREY, label=_PERFECT)
    ends = np.maximum((observed - low, high - observed), 0)
    axes.errorbar(predicted, observed, ends, fmt="o", markersize=4, color=_BLUE, label=_OBSERVED)
    least, most = int(num_photos.min()), int(num_photos.max())
    return f"{told}\nbins of {least:,}{f' to {most:,}' if most > least else ''} photos"
