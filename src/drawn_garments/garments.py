"""Garments as outlines around a figure, each ending at a level of the body or of the arm."""

from dataclasses import replace

import numpy as np

from drawn_garments.body import arm_outlines, leg_outlines
from drawn_garments.cloth import Cloth, Layer, shade
from drawn_garments.figure import SHOULDER, Figure
from drawn_garments.geometry import FloatArray, Points, box, points, tube

THIN = 0.0013  # half width of a seam line


def sides(figure: Figure, heights: FloatArray, ease: float, flare: float) -> tuple[FloatArray, FloatArray]:
    """Left and right edge of cloth that hangs from the body; flaring, it never goes in again below the hip."""
    waist, crotch = figure.heights[1], figure.heights[2]
    half = figure.half_width(heights) + ease + flare * np.maximum(heights - waist, 0.0)
    left, right = figure.center(heights) - half, figure.center(heights) + half
    leg_left, leg_right = figure.leg_edges(heights)
    on_legs = heights > crotch
    left = np.where(on_legs, np.minimum(left, leg_left - ease), left)
    right = np.where(on_legs, np.maximum(right, leg_right + ease), right)
    if flare >= 0:
        below = heights > crotch - 0.05
        left = np.where(below, np.minimum.accumulate(np.where(below, left, np.inf)), left)
        right = np.where(below, np.maximum.accumulate(np.where(below, right, -np.inf)), right)
    return left, right


def _hem(left: float, right: float, height: float, sag: float, waves: float) -> Points:
    """A hem from right to left, lower in the middle as seen from eye height; its mean is at ``height``."""
    across = np.linspace(1.0, -1.0, 17)
    x = (left + right) / 2 + across * (right - left) / 2
    wave = 0.25 * sag * np.sin(across * waves)
    return np.column_stack((x, height + sag * (0.33 - across**2) + wave))


def skirt_layers(
    figure: Figure, cloth: Cloth, level: float, generator: np.random.Generator, *, start: float = 0.0
) -> list[Layer]:
    """A skirt from a level near the waist to ``level``: narrow, straight, A-line or full."""
    top, end = figure.height_at(start), figure.height_at(level)
    flare = float(generator.choice((-0.05, 0.03, 0.14, 0.3), p=(0.25, 0.25, 0.3, 0.2)) + generator.uniform(-0.02, 0.02))
    heights = np.linspace(top, end, 14)
    left, right = sides(figure, heights, generator.uniform(0.004, 0.012), flare)
    hem = _hem(left[-1], right[-1], end, generator.uniform(0.003, 0.014), generator.uniform(3, 14))
    outline = np.vstack((np.column_stack((right, heights))[:-1], hem, np.column_stack((left, heights))[-2::-1]))
    band_heights = np.array([top - 0.004, top + 0.02])
    band_left, band_right = sides(figure, band_heights, 0.007, 0.0)
    band = points(*zip(band_left, band_heights, strict=True), *zip(band_right[::-1], band_heights[::-1], strict=True))
    layers = [Layer("skirt", (outline,), cloth)]
    if generator.uniform() < 0.35 and level > 0.5:
        layers.append(
            Layer("pleats", _pleats(left, right, heights, generator), Cloth(shade(cloth.color, 0.72), flat=True))
        )
    if generator.uniform() < 0.7:
        darker = Cloth(shade(cloth.color, 0.8), sheen=0.3)
        layers.append(Layer("waistband", (band,), darker))
    return layers


def _pleats(
    left: FloatArray, right: FloatArray, heights: FloatArray, generator: np.random.Generator
) -> tuple[Points, ...]:
    shares = np.linspace(0.08, 0.92, int(generator.integers(4, 11)))
    start = 3
    return tuple(
        tube(
            points(
                (left[start] + share * (right[start] - left[start]), heights[start]),
                (left[-1] + share * (right[-1] - left[-1]), heights[-1]),
            ),
            [THIN * 0.5, THIN * 1.2],
            rounds=0,
        )
        for share in shares
    )


def pants_layers(figure: Figure, cloth: Cloth, level: float, generator: np.random.Generator) -> list[Layer]:
    """Pants down to a level (2 is the knee, 3 the ankle): narrow, straight or wide."""
    ease = generator.uniform(0.003, 0.014)
    flare = float(generator.choice((-0.001, 0.004, 0.012), p=(0.45, 0.4, 0.15)))
    crotch = figure.heights[2]
    heights = np.linspace(figure.heights[1], crotch, 6)
    left, right = sides(figure, heights, ease, 0.0)
    middle = float(figure.center(crotch))
    seat = np.vstack(
        (np.column_stack((right, heights)), (middle, crotch + 0.012), np.column_stack((left, heights))[::-1])
    )
    legs = leg_outlines(figure, level, ease, flare)
    line = Cloth(shade(cloth.color, 0.6), flat=True)
    fly = _seam((middle, heights[0]), (middle, crotch + 0.01))
    inner = legs[1][: len(legs[1]) // 2]
    inner = np.column_stack((inner[:, 0], np.maximum(inner[:, 1], crotch + 0.005)))
    inseam = tube(inner, [THIN] * len(inner), rounds=0)
    pockets = tuple(
        _seam((x + side * 0.03, heights[0] + 0.016), (x + side * 0.002, heights[0] + 0.05))
        for side, x in ((1.0, left[1]), (-1.0, right[1]))
    )
    lines = (fly, inseam, *pockets) if generator.uniform() < 0.6 else (fly, inseam)
    band = box(left[0], heights[0] - 0.002, right[0], heights[0] + 0.014)
    darker = replace(cloth, pattern="plain", color=shade(cloth.color, 0.85), shadow=0.0)
    return [
        Layer("pants", (*legs, seat), cloth),
        Layer("seams", lines, line),
        Layer("waistband", (band,), darker),
    ]


def _seam(start: tuple[float, float], end: tuple[float, float]) -> Points:
    return tube(points(start, end), [THIN, THIN], rounds=0)


def top_outline(figure: Figure, edge: Points, hem: float, ease: float, flare: float, inset: float = 0.0) -> Points:
    """A top below its neckline.

    Args:
        figure: who wears it.
        edge: neckline from left to right, relative to the neck's base. An end above the armpit lies on the shoulder
            and is followed by the shoulder; one at or below it is the side of a strapless top.
        hem: height of its end in body units.
        ease: how loose it is.
        flare: how much wider it gets below the waist.
        inset: how far the armhole is cut in from the shoulder, for tops without sleeves.
    """
    placed = figure.on_front(edge)
    armpit = SHOULDER + 0.06
    tail: list[Points] = []
    for side, end in ((1.0, placed[-1]), (-1.0, placed[0])):
        top = max(float(end[1]), armpit)
        heights = np.linspace(top, hem, 14)
        x = sides(figure, heights, ease, flare)[int(side > 0)]
        edge_points = np.column_stack((x, heights))
        if end[1] < armpit:
            edge_points = np.vstack((shoulder_edge(figure, side, ease, inset), edge_points))
        tail.append(edge_points)
    right, left = tail
    bottom = _hem(left[-1][0], right[-1][0], hem, 0.006, 5.0)
    return np.vstack((placed, right[:-1], bottom, left[-2::-1]))


def shoulder_edge(figure: Figure, side: float, ease: float, inset: float) -> Points:
    width = float(figure.half_width(SHOULDER)) + ease * 0.5 - inset
    x = figure.neck[0]
    return points(
        (x + side * width * 0.8, SHOULDER - 0.007 - ease * 0.4),
        (x + side * width * 0.98, SHOULDER + 0.01),
        (x + side * (width - 0.4 * inset), SHOULDER + 0.04),
    )


def sleeve_layers(figure: Figure, cloth: Cloth, level: float, ease: float, flare: float = 0.0) -> list[Layer]:
    """Sleeves down to a level of the arm (1 is the elbow, 2 the wrist); none at a level near 0."""
    if level < 0.06:
        return []
    return [Layer("sleeve", (outline,), cloth) for outline in arm_outlines(figure, level, ease, flare)]
