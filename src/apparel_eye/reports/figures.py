"""Figures of a run, on matplotlib without a screen."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from apparel_eye.reports.lettering import FONT, NAME, fitted, names_of
from apparel_eye.reports.sheets import DPI, HEAT
from apparel_eye.training.schedule import cosine

_BLUE, _ORANGE, _GREY = "#1f6f8b", "#d97b29", "#b8c0c4"
_LAYERS = colormaps["viridis"]
_NUM_FILTERS = 15


def overview(counts: pd.DataFrame, category: str) -> Figure:
    """Labelled photos per value, those with a maybe marked."""
    figure = Figure(figsize=(8, 0.28 * len(counts) + 1.6), dpi=DPI, layout="constrained")
    axes, places = figure.subplots(), range(len(counts))
    axes.barh(places, counts["labelled"], color=_BLUE, label="labelled")
    axes.barh(places, counts["with_maybe"], color=_ORANGE, label="of them with a maybe")
    for place, count in zip(places, counts["labelled"], strict=True):
        axes.text(count, place, f" {count:,}", va="center")
    axes.set_yticks(places, names_of(counts["value"]))
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.set(xlabel="photos")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(_title(category, f"{counts['labelled'].sum():,} labelled photos"))
    _legend_below(figure, axes)
    return figure


def photo_sizes(manifest: pd.DataFrame, category: str) -> Figure:
    """Width and height of each photo, colored by what it is for."""
    figure = Figure(figsize=(8, 6), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for role, color in (("labelled", _BLUE), ("to predict", _ORANGE)):
        of_role = manifest[manifest["role"] == role]
        axes.scatter(
            of_role["width"], of_role["height"], s=14, alpha=0.35, color=color, label=f"{role}: {len(of_role):,}"
        )
    ratio = (manifest["height"] / manifest["width"]).median()
    longest = manifest[["width", "height"]].to_numpy().max()
    axes.axline((0, 0), slope=ratio, color=_GREY, label=f"median side ratio {ratio:.2f}")
    axes.set(xlabel="width", ylabel="height")
    axes.set(xlim=(0, 1.05 * longest), ylim=(0, 1.05 * longest), aspect="equal")
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(_title(category, "sizes in pixels"))
    _legend_below(figure, axes)
    return figure


def curves(history: pd.DataFrame) -> Figure:
    """Losses, official score and learning rate, over the epochs of all stages; grey where only the head is trained."""
    figure = Figure(figsize=(11, 8), dpi=DPI, layout="constrained")
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
    losses.set(ylabel="log loss")
    precision.set(ylabel="validation")
    rates.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (losses, precision, rates):
        axes.spines[["top", "right"]].set_visible(False)
        _mark_phases(axes, history)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    for stage, of_stage in history.reset_index().groupby("stage", sort=False):
        middle = (of_stage.index[0] + of_stage.index[-1] + 1) / 2
        losses.text(middle, 1.02, str(stage), ha="center", transform=losses.get_xaxis_transform())
    return figure


def _mark_phases(axes: Axes, history: pd.DataFrame) -> None:
    """Lines between phases, and a shade on those that train the head alone."""
    phases = history["stage"] + " " + history["phase"]
    ends = [*np.flatnonzero(phases != phases.shift()), len(phases)]
    for start, end in pairwise(ends):
        if start:
            axes.axvline(start, color=_GREY, linewidth=0.8)
        if history["phase"].iloc[start] == "head":
            axes.axvspan(start, end, color=_GREY, alpha=0.2, linewidth=0)


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
    figure = Figure(figsize=(5 * len(sweeps), 4), dpi=DPI, layout="constrained")
    drawn: dict[str, Artist] = {}
    for axes, (name, sweep) in zip(figure.subplots(1, len(sweeps), squeeze=False)[0], sweeps.items(), strict=True):
        axes.set(title=name, xlabel="learning rate of the head", ylabel="loss")
        axes.spines[["top", "right"]].set_visible(False)
        if sweep.empty:
            axes.text(0.5, 0.5, "given, or nothing is trained", ha="center", transform=axes.transAxes)
            axes.set(xticks=[], yticks=[])
            continue
        axes.set(title=f"{name}: {suggested[name]:.1e} is suggested")
        [drawn["of a batch"]] = axes.semilogx(sweep["learning_rate"], sweep["loss"], color=_GREY)
        [drawn["smoothed"]] = axes.semilogx(sweep["learning_rate"], sweep["smoothed_loss"], color=_BLUE)
        drawn["suggested"] = axes.axvline(suggested[name], color=_ORANGE, linestyle="--")
    if drawn:
        figure.legend(drawn.values(), drawn.keys(), frameon=False, loc="outside lower center", ncols=len(drawn))
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
    figure = Figure(figsize=(9, 5), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for number, (name, (coverages, error_rates)) in enumerate(curves.items()):
        color, width = (_ORANGE, 2.5) if name == chosen else (_LAYERS(number / len(curves)), 1.2)
        axes.step(coverages, error_rates, where="post", color=color, linewidth=width, label=name)
    axes.axhline(1 - precision, color=_GREY, linestyle="--", label=f"{1 - precision:.0%} wrong")
    axes.set(xlabel="share of the photos that is answered", ylabel="share of these answers that is wrong")
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside right upper")
    return figure


def places_and_filters(photo: NDArray[np.uint8], places: NDArray[np.floating], filters: pd.DataFrame) -> Figure:
    """Where splits look, over a photo, and the most important filters.

    Args:
        photo: shape (H, W, 3).
        places: share of the gain, shape (rows, columns) of the feature map.
        filters: see ``schemas.BagFilters``.
    """
    figure = Figure(figsize=(9, 5.5), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.4])
    height, width = photo.shape[:2]
    left.imshow(photo)
    most = float(places.max()) or 1.0  # where nothing was split
    shown = left.imshow(places, cmap=HEAT, extent=(-0.5, width - 0.5, height - 0.5, -0.5), vmin=0, vmax=most)
    left.axis("off")
    left.set_title("where splits look,\nover the mean photo")
    figure.colorbar(shown, ax=left, label="share of the gain of all splits", shrink=0.8)
    first = filters.head(_NUM_FILTERS)
    at = np.arange(len(first))
    right.barh(at - 0.2, first["importance"], height=0.4, color=_GREY, label="importance, by which filters are drawn")
    right.barh(at + 0.2, first["gain"], height=0.4, color=_BLUE, label="gain of its splits")
    right.set_yticks(at, [f"filter {each.filter} in {each.bags} bags" for each in first.itertuples()])
    right.invert_yaxis()
    right.set(title="the most important filters", xlabel="share of all filters", xlim=(0, None))
    right.spines[["top", "right"]].set_visible(False)
    figure.legend(*right.get_legend_handles_labels(), frameon=False, loc="outside lower right", ncols=2)
    return figure


def _title(category: str, what: str) -> str:
    return f"{fitted(category, NAME, 1.2 * FONT)}: {what}"


def _legend_below(figure: Figure, axes: Axes) -> None:
    """Where it lies on nothing."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=len(handles))
