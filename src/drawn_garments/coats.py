"""Coats, from short jackets to the floor, and capes."""

import numpy as np

from drawn_garments.cloth import Cloth, Layer, shade
from drawn_garments.figure import NECK, SHOULDER, Figure
from drawn_garments.garments import shoulder_edge, sides
from drawn_garments.geometry import Points, box, oval, points, smooth


def coat_layers(
    figure: Figure, cloth: Cloth, level: float, opening: Points, generator: np.random.Generator
) -> list[Layer]:
    """The two fronts of a coat down to a level of the body.

    ``opening`` has rows (share of the way from the neck to the hem, half width of the gap between the fronts).
    """
    end = figure.height_at(level)
    ease, flare = generator.uniform(0.012, 0.024), generator.uniform(0.0, 0.09)
    heights = np.linspace(SHOULDER + 0.06, end, 14)
    edges = sides(figure, heights, ease, flare)
    inner = np.linspace(NECK - 0.004, end, 12)
    gap = np.interp((inner - NECK) / (end - NECK), opening[:, 0], opening[:, 1])
    middle = figure.center(inner) + 0.022 * figure.turn
    sag = generator.uniform(0.0, 0.01)
    layers = []
    for side, edge in zip((-1.0, 1.0), edges, strict=True):
        front = np.column_stack((middle + side * (gap - 0.002), inner))
        neck = points((figure.neck[0] + side * 0.036 * figure.girth, NECK - 0.012))
        hem = points(
            (edge[-1], end - sag), ((edge[-1] + front[-1, 0]) / 2, end + sag * 0.5), (front[-1, 0], end + sag * 0.5)
        )
        outer = np.column_stack((edge, heights))[:-1]
        outline = np.vstack((neck, shoulder_edge(figure, side, ease, 0.0), outer, hem, front[-2::-1]))
        layers.append(Layer("coat", (outline,), cloth))
    return layers + _coat_details(figure, cloth, end, float(opening[-1, 1]), generator)


def _coat_details(figure: Figure, cloth: Cloth, end: float, gap: float, generator: np.random.Generator) -> list[Layer]:
    waist = float(figure.heights[1])
    middle = float(figure.center(waist)) + 0.022 * figure.turn
    line = Cloth(shade(cloth.color, 0.55), flat=True)
    layers = []
    if gap < 0.01 and generator.uniform() < 0.8:
        rows = np.arange(NECK + 0.12, min(end, waist + 0.15) - 0.015, generator.uniform(0.045, 0.07))
        buttons = tuple(oval((middle + 0.004, float(y)), 0.005, 0.005, 8) for y in rows)
        if buttons:
            layers.append(Layer("buttons", buttons, line))
    if end > waist + 0.09:
        y = waist + 0.06
        pockets = tuple(box(middle + x - 0.022, y, middle + x + 0.022, y + 0.009) for x in (-0.055, 0.055))
        layers.append(Layer("pockets", pockets, Cloth(shade(cloth.color, 0.75), flat=True)))
    if end > waist + 0.04 and generator.uniform() < 0.25:
        heights = np.array([waist - 0.008, waist + 0.012])
        left, right = sides(figure, heights, 0.016, 0.0)
        belt = points((left[0], heights[0]), (right[0], heights[0]), (right[1], heights[1]), (left[1], heights[1]))
        layers.append(Layer("belt", (belt,), Cloth(shade(cloth.color, 0.7), sheen=0.4)))
    return layers


def cape_layers(figure: Figure, cloth: Cloth) -> list[Layer]:
    """A cape over shoulders, arms and hands."""
    wide = max(float(np.abs(arm[:, 0] - figure.neck[0]).max()) for arm in figure.arms) + 0.05
    low = max(float(arm[:, 1].max()) for arm in figure.arms) + 0.05
    right = points(
        (0.03, NECK - 0.02),
        (0.12, SHOULDER - 0.01),
        (wide, SHOULDER + 0.15),
        (wide + 0.02, low),
        (wide * 0.4, low + 0.02),
    )
    outline = np.vstack((right, (right * (-1, 1))[::-1]))
    return [Layer("cape", (smooth(figure.on_front(outline - (0.0, NECK))),), cloth)]
