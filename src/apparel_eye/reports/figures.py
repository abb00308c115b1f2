"""Figures of a run, on matplotlib without a screen."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.training.schedule import cosine

_BLUE, _ORANGE, _GREY = "#1f6f8b", "#d97b29", "#b8c0c4"
_LAYERS = colormaps["viridis"]
_HEAT = ListedColormap([_LAYERS(heat, alpha=0.7 * heat) for heat in np.linspace(0, 1, 256)], name="heat")
"""From nothing to a yellow through which the photo shows; reds would be taken for skin."""
_DPI = 110
_NUM_FILTERS = 15


def overview(counts: pd.DataFrame, category: str) -> Figure:
    """Labelled photos per value, those with a maybe marked."""
    figure = Figure(figsize=(8, 0.45 * len(counts) + 1.4), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    axes.barh(counts["value"], counts["labelled"], color=_BLUE, label="labelled")
    axes.barh(counts["value"], counts["with_maybe"], color=_ORANGE, label="of them with a maybe")
    for position, count in enumerate(counts["labelled"]):
        axes.text(count, position, f" {count:,}", va="center")
    axes.invert_yaxis()
    axes.set(title=f"{category}: {counts['labelled'].sum():,} labelled photos", xlabel="photos")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False)
    return figure


def photo_sizes(manifest: pd.DataFrame, category: str) -> Figure:
    """Width and height of each photo, colored by what it is for."""
    figure = Figure(figsize=(8, 6), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    for role, color in (("labelled", _BLUE), ("to predict", _ORANGE)):
        of_role = manifest[manifest["role"] == role]
        axes.scatter(
            of_role["width"], of_role["height"], s=14, alpha=0.35, color=color, label=f"{role}: {len(of_role):,}"
        )
    ratio = (manifest["height"] / manifest["width"]).median()
    longest = manifest[["width", "height"]].to_numpy().max()
    axes.axline((0, 0), slope=ratio, color=_GREY, label=f"median side ratio {ratio:.2f}")
    axes.set(title=f"{category}: sizes in pixels", xlabel="width", ylabel="height")
    axes.set(xlim=(0, 1.05 * longest), ylim=(0, 1.05 * longest), aspect="equal")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    return figure


def curves(history: pd.DataFrame) -> Figure:
    """Losses, official score and learning rate, over the epochs of all stages one after the other."""
    figure = Figure(figsize=(10, 8), dpi=_DPI, layout="constrained")
    losses, precision, rates = figure.subplots(3, 1, sharex=True)
    epochs = np.arange(1, len(history) + 1)
    losses.plot(epochs, history["train_loss"], ".-", color=_GREY, label="train")
    losses.plot(epochs, history["validation_loss"], ".-", color=_BLUE, label="validation")
    precision.plot(epochs, history["basic_precision"], ".-", color=_BLUE, label="basic precision")
    precision.plot(epochs, history["average_precision"], ".-", color=_ORANGE, label="average precision")
    for number, column in enumerate(history.filter(regex=r"^rate_\d+$"), start=1):
        steps, of_steps = _rates_by_step(history, str(column))
        rates.semilogy(steps, of_steps, linewidth=1, color=_LAYERS(number / 4), label=f"layer group {number}")
    rates.set(xlabel="epoch", ylabel="learning rate")
    rates.legend(frameon=False, loc="lower right")
    losses.set(ylabel="log loss")
    precision.set(ylabel="validation")
    phases = history["stage"] + " " + history["phase"]
    starts = np.flatnonzero(phases != phases.shift())
    for axes in (losses, precision, rates):
        axes.spines[["top", "right"]].set_visible(False)
        for start in starts[1:]:
            axes.axvline(start, color=_GREY, linewidth=0.8)
    for start in starts:
        losses.text(start + 1, 1.02, phases.iloc[start].replace(" ", "\n"), transform=losses.get_xaxis_transform())
    losses.legend(frameon=False)
    precision.legend(frameon=False)
    return figure


def _rates_by_step(history: pd.DataFrame, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where on the epochs' axis each step stands, and its learning rate; frozen layers have none."""
    at, rates = [], []
    first = 0.0
    for _, cycle in history.groupby(["stage", "phase", "cycle"], sort=False):
        progress = np.concatenate([number + np.arange(steps) / steps for number, steps in enumerate(cycle["steps"])])
        at.append(first + progress)
        rates.append(cycle[column].iloc[0] * np.array([cosine(each / len(cycle)) for each in progress]))
        first += len(cycle)
    of_steps = np.concatenate(rates)
    return np.concatenate(at), np.where(of_steps > 0, of_steps, np.nan)


def rate_curves(sweeps: Mapping[str, pd.DataFrame], suggested: Mapping[str, float]) -> Figure:
    """Loss against the learning rate of the head, and the suggestion, for each phase whose rate was looked for."""
    figure = Figure(figsize=(5 * len(sweeps), 4), dpi=_DPI, layout="constrained")
    for axes, (name, sweep) in zip(figure.subplots(1, len(sweeps), squeeze=False)[0], sweeps.items(), strict=True):
        axes.set(title=name, xlabel="learning rate of the head", ylabel="loss")
        axes.spines[["top", "right"]].set_visible(False)
        if sweep.empty:
            axes.text(0.5, 0.5, "given, or nothing is trained", ha="center", transform=axes.transAxes)
            axes.set(xticks=[], yticks=[])
            continue
        axes.semilogx(sweep["learning_rate"], sweep["loss"], color=_GREY, label="of a batch")
        axes.semilogx(sweep["learning_rate"], sweep["smoothed_loss"], color=_BLUE, label="smoothed")
        axes.axvline(suggested[name], color=_ORANGE, linestyle="--", label=f"suggested: {suggested[name]:.1e}")
        axes.legend(frameon=False)
    return figure


def confusions(matrices: Mapping[str, NDArray[np.integer]], values: Sequence[str]) -> Figure:
    """A matrix per candidate: true values in rows, predicted ones in columns, shaded by the share of the row."""
    size = 1.6 + 0.42 * len(values)
    figure = Figure(figsize=(size * len(matrices) + 1.5, size + 1), dpi=_DPI, layout="constrained")
    all_axes = figure.subplots(1, len(matrices), squeeze=False, sharey=True)[0]
    for axes, (name, matrix) in zip(all_axes, matrices.items(), strict=True):
        axes.imshow(matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
        for row, column in zip(*np.nonzero(matrix), strict=True):
            dark = matrix[row, column] > 0.5 * matrix[row].sum()
            axes.text(column, row, matrix[row, column], ha="center", va="center", color="white" if dark else "black")
        right = np.trace(matrix) / max(matrix.sum(), 1)
        axes.set(title=f"{name}: {right:.1%} right", xlabel="predicted")
        axes.set_xticks(range(len(values)), values, rotation=60, ha="right")
        axes.set_yticks(range(len(values)), values)
    all_axes[0].set_ylabel("labelled")
    return figure


def risk_coverage(
    curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]], chosen: str, precision: float
) -> Figure:
    """Share of wrong answers against the share of photos answered, the most confident first, for each candidate.

    Args:
        curves: of ``metrics.risk_coverage``, by candidate.
        chosen: the candidate that is submitted.
        precision: that answers are wanted to have.
    """
    figure = Figure(figsize=(8, 5), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    for number, (name, (coverages, error_rates)) in enumerate(curves.items()):
        color, width = (_ORANGE, 2.5) if name == chosen else (_LAYERS(number / len(curves)), 1.2)
        axes.step(coverages, error_rates, where="post", color=color, linewidth=width, label=name)
    axes.axhline(1 - precision, color=_GREY, linestyle="--", label=f"{1 - precision:.0%} wrong")
    axes.set(xlabel="share of the photos that is answered", ylabel="share of these answers that is wrong")
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    return figure


def places_and_filters(photo: NDArray[np.uint8], places: NDArray[np.floating], filters: pd.DataFrame) -> Figure:
    """Where splits look, over a photo, and the most important filters.

    Args:
        photo: shape (H, W, 3).
        places: share of the gain, shape (rows, columns) of the feature map.
        filters: see ``schemas.BagFilters``.
    """
    figure = Figure(figsize=(9, 5.5), dpi=_DPI, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.4])
    height, width = photo.shape[:2]
    left.imshow(photo)
    shown = left.imshow(places, cmap=_HEAT, extent=(0, width, height, 0), vmin=0)
    left.axis("off")
    left.set_title("where splits look,\nover the mean photo")
    figure.colorbar(shown, ax=left, label="share of the gain of all splits", shrink=0.8)
    first = filters.head(_NUM_FILTERS)
    at = np.arange(len(first))
    right.barh(at - 0.2, first["importance"], height=0.4, color=_GREY, label="importance, by which filters are drawn")
    right.barh(at + 0.2, first["gain"], height=0.4, color=_BLUE, label="gain of its splits")
    right.set_yticks(at, [f"filter {each.filter} in {each.bags} bags" for each in first.itertuples()])
    right.invert_yaxis()
    right.set(title="the most important filters", xlabel="share of all filters")
    right.spines[["top", "right"]].set_visible(False)
    figure.legend(*right.get_legend_handles_labels(), frameon=False, loc="outside lower right", ncols=2)
    return figure


def gallery(photos: Sequence[NDArray[np.uint8]], titles: Sequence[str], when_empty: str, columns: int = 6) -> Figure:
    """Photos with a title each."""
    rows = max(1, -(-len(photos) // columns))
    figure = Figure(figsize=(1.9 * columns, 3.0 * rows), dpi=_DPI, layout="constrained")
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in all_axes:
        axes.axis("off")
    for axes, photo, title in zip(all_axes, photos, titles, strict=False):
        axes.imshow(photo)
        axes.set_title(title, fontsize=8)
    if not photos:
        figure.suptitle(when_empty)
    return figure


def overlays(
    pixels: Sequence[NDArray[np.uint8]], maps: Sequence[NDArray[np.float32]], titles: Sequence[str], empty_note: str
) -> Figure:
    """Photos with a title each, and over each its heat map in [0, 1]; where it is zero the photo is as it was."""
    figure = gallery(list(pixels), titles, empty_note)
    for axes, heat in zip(figure.axes[: len(pixels)], maps, strict=True):
        axes.imshow(heat, cmap=_HEAT, vmin=0, vmax=1)
    if len(pixels):
        label = "speaks for the value, share of the photo's largest"
        figure.colorbar(figure.axes[0].images[1], ax=figure.axes, label=label, aspect=30, pad=0.01)
    return figure
