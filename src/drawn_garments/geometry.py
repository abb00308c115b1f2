"""Outlines as arrays of points: smoothing, limbs, frames.

Points are float arrays of shape (N, 2), x to the right and y down, in body units: the figure is 1.0 tall.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
FloatArray = NDArray[np.float64]


def points(*pairs: tuple[float, float]) -> Points:
    return np.asarray(pairs, dtype=np.float64)


def smooth(outline: Points, rounds: int = 2) -> Points:
    """Cut the corners of a closed outline (Chaikin, 1974)."""
    for _ in range(rounds):
        following = np.roll(outline, -1, axis=0)
        cut = np.stack((0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following), axis=1)
        outline = cut.reshape(-1, outline.shape[1])
    return outline


def smooth_path(path: FloatArray, rounds: int = 2) -> FloatArray:
    """Cut the corners of an open path; both ends stay. Further columns, such as a radius, are carried along."""
    for _ in range(rounds):
        cut = np.stack((0.75 * path[:-1] + 0.25 * path[1:], 0.25 * path[:-1] + 0.75 * path[1:]), axis=1)
        path = np.concatenate((path[:1], cut.reshape(-1, path.shape[1])[1:-1], path[-1:]))
    return path


def tube(path: Points, radii: Sequence[float] | FloatArray, rounds: int = 2) -> Points:
    """Outline of a limb around a path, with a radius at each of its points."""
    bent = smooth_path(np.column_stack((path, np.asarray(radii))), rounds)
    direction = np.gradient(bent[:, :2], axis=0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True) + 1e-9
    aside = np.column_stack((-direction[:, 1], direction[:, 0])) * bent[:, 2:]
    return np.concatenate((bent[:, :2] + aside, (bent[:, :2] - aside)[::-1]))


def oval(center: tuple[float, float], width: float, height: float, corners: int = 20) -> Points:
    angle = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.column_stack((center[0] + width * np.cos(angle), center[1] + height * np.sin(angle)))


def box(left: float, top: float, right: float, bottom: float) -> Points:
    return points((left, top), (right, top), (right, bottom), (left, bottom))


def cut_path(path: Points, level: float) -> Points:
    """The part of a path from its start to ``level``: 1.5 is halfway between its second and third point."""
    steps = np.arange(len(path), dtype=np.float64)
    level = min(level, steps[-1])
    kept = np.append(steps[steps < level], level)
    return np.column_stack((np.interp(kept, steps, path[:, 0]), np.interp(kept, steps, path[:, 1])))


class Frame(NamedTuple):
    """Where the camera is: maps body units to the pixels of a picture."""

    width: int
    height: int
    scale: float
    angle: float
    origin: tuple[float, float]

    def to_pixels(self, outline: Points) -> Points:
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turned = outline @ np.array([[cosine, sine], [-sine, cosine]])
        pixels: Points = (turned - np.asarray(self.origin)) * self.scale
        return pixels


def fit_frame(
    wanted: Points,
    picture: tuple[int, int],
    generator: np.random.Generator,
    *,
    angle: float = 0.0,
    margins: tuple[float, float] = (0.03, 0.15),
    keep: str = "",
) -> Frame:
    """Place the camera so that the wanted points are in the picture (width, height), off-center and with some air.

    ``keep`` names an edge, "top" or "bottom", that cuts exactly at the wanted points: what lies beyond it is not seen.
    """
    width, height = picture
    turned = Frame(width, height, 1.0, angle, (0.0, 0.0)).to_pixels(wanted)
    left, top = turned.min(axis=0)
    right, bottom = turned.max(axis=0)
    air = generator.uniform(*margins, size=4) * max(bottom - top, right - left)
    left, right = left - air[0], right + air[1]
    top = top if keep == "top" else top - air[2]
    bottom = bottom if keep == "bottom" else bottom + air[3]
    scale = min(width / (right - left), height / (bottom - top))
    spare_x, spare_y = width / scale - (right - left), height / scale - (bottom - top)
    above = {"top": 0.0, "bottom": 1.0}.get(keep, generator.uniform(0.3, 0.7))
    origin = (float(left - spare_x * generator.uniform(0.3, 0.7)), float(top - spare_y * above))
    return Frame(width, height, float(scale), angle, origin)
