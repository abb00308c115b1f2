"""Necklines, necks, collars and lapels, as outlines relative to the base of the neck (y down, body units)."""

from collections.abc import Callable

import numpy as np

from drawn_garments.geometry import Points, oval, points, smooth, tube

NECK_WIDTH = 0.037  # half


def mirror(outline: Points) -> Points:
    return outline * (-1.0, 1.0)


def shoulder_height(x: float) -> float:
    """Height of the shoulder line at a distance from the middle."""
    return 0.002 + max(abs(x) - 0.034, 0.0) * 0.2


def round_neckline(width: float, depth: float) -> Points:
    angle = np.linspace(np.pi, 0.0, 15)
    start = shoulder_height(width)
    return np.column_stack((width * np.cos(angle), start + (depth - start) * np.sin(angle)))


def v_neckline(width: float, depth: float) -> Points:
    start = shoulder_height(width)
    return points((-width, start), (0.0, depth), (width, start))


def _round(generator: np.random.Generator, depth: float) -> Points:
    return round_neckline(generator.uniform(0.042, 0.062), generator.uniform(0.024, 0.062))


def _v(generator: np.random.Generator, depth: float) -> Points:
    return v_neckline(generator.uniform(0.04, 0.058), depth)


def _square(generator: np.random.Generator, depth: float) -> Points:
    width, depth = generator.uniform(0.05, 0.068), generator.uniform(0.045, 0.085)
    start, foot = shoulder_height(width), width * generator.uniform(0.88, 1.0)
    return points((-width, start), (-foot, depth), (foot, depth), (width, start))


def _straight(generator: np.random.Generator, depth: float) -> Points:
    width = generator.uniform(0.076, 0.088)
    start, sag = shoulder_height(width), generator.uniform(0.0, 0.008)
    return points(
        (-width, start),
        (-width * 0.7, start + 0.004),
        (0.0, start + 0.006 + sag),
        (width * 0.7, start + 0.004),
        (width, start),
    )


def _strapless(generator: np.random.Generator, depth: float) -> Points:
    height, sag = generator.uniform(0.083, 0.1), generator.uniform(-0.004, 0.006)
    return points(
        (-0.092, height), (-0.04, height + sag * 0.6), (0.0, height + sag), (0.04, height + sag * 0.6), (0.092, height)
    )


def _off_shoulder(generator: np.random.Generator, depth: float) -> Points:
    height, sag = generator.uniform(0.052, 0.066), generator.uniform(0.0, 0.014)
    return points(
        (-0.1, height), (-0.05, height + sag * 0.8), (0.0, height + sag), (0.05, height + sag * 0.8), (0.1, height)
    )


def _sweetheart(generator: np.random.Generator, depth: float) -> Points:
    lobe, dip = generator.uniform(0.055, 0.068), generator.uniform(0.022, 0.038)
    angle = np.linspace(np.pi, 0.0, 9)
    bow = np.column_stack((0.038 + 0.034 * np.cos(angle), lobe + dip * (1 - np.sin(angle))))
    right = np.vstack(((0.0, lobe + dip * 1.2), bow))
    if generator.uniform() < 0.5:
        strap = generator.uniform(0.058, 0.07)
        right = np.vstack((right[:-2], (strap + 0.003, lobe * 0.7), (strap, shoulder_height(strap))))
    else:
        right = np.vstack((right, (0.094, 0.086)))
    return np.vstack((mirror(right)[::-1], right[1:]))


def _one_shoulder(generator: np.random.Generator, depth: float) -> Points:
    start, end = generator.uniform(0.038, 0.06), generator.uniform(0.082, 0.096)
    line = points((-0.094, end), (-0.05, end * 0.82), (start * 0.4, end * 0.42), (start, shoulder_height(start)))
    return line if generator.uniform() < 0.5 else mirror(line)[::-1]


# By value of neckline_design; depth matters to the two V shapes only.
NECKLINES: dict[int, Callable[[np.random.Generator, float], Points]] = {
    1: _strapless,
    2: _v,
    3: _straight,
    4: _v,
    5: _square,
    6: _off_shoulder,
    7: _round,
    8: _sweetheart,
    9: _one_shoulder,
}


def standing_neck(height: float, width: float) -> Points:
    """A collar that stands around the neck, from its base up by ``height``."""
    half = NECK_WIDTH * width
    right = points((half * 0.92, -height), (half * 1.04, -0.004), (half * 1.12, 0.008))
    return np.vstack((mirror(right), right[::-1]))


def ruffle(height: float, width: float, size: float, waves: int) -> Points:
    """A band across the neck at ``height`` above its base, whose edges run in waves."""
    across = np.linspace(-1.0, 1.0, waves * 8 + 1)
    x, wave = across * width, np.sin(np.arange(len(across)) * np.pi / 4)
    sag = 0.014 * (1 - across**2)
    upper = np.column_stack((x * 1.02, -height + sag - size * (0.8 + 0.5 * wave)))
    lower = np.column_stack((x, -height + sag + size * (0.7 + 0.5 * wave)))
    return np.vstack((upper, lower[::-1]))


def cowl(width: float, depth: float, thickness: float) -> Points:
    """One hanging fold of a draped collar."""
    inner = round_neckline(width, depth)
    outer = round_neckline(width + thickness * 0.35, depth + thickness)
    return np.vstack((inner, outer[::-1]))


def shirt_leaf(length: float, spread: float, open_by: float) -> Points:
    """The right leaf of a shirt collar, with a point."""
    return points(
        (NECK_WIDTH * 0.98, -0.024),
        (NECK_WIDTH * 1.25, -0.004),
        (spread + open_by, length),
        (0.003 + open_by, 0.014 + open_by * 0.7),
        (NECK_WIDTH * 0.8, -0.008),
    )


def flat_leaf(breadth: float, roundness: int, gap: float) -> Points:
    """The right half of a collar that lies flat around the neck: Peter Pan if narrow, Puritan if broad."""
    angle = np.linspace(-0.5, 0.5 * np.pi - gap, 9)
    inner = np.column_stack((0.04 * np.cos(angle), 0.002 + 0.026 * np.sin(angle)))
    outer = np.column_stack(((0.04 + breadth) * np.cos(angle), 0.002 + (0.026 + breadth) * np.sin(angle)))
    leaf = np.vstack((inner, outer[::-1]))
    on_shoulder = [shoulder_height(x) - 0.012 for x in leaf[:, 0]]
    return smooth(np.column_stack((leaf[:, 0], np.maximum(leaf[:, 1], on_shoulder))), roundness)


def rib_band(breadth: float, depth: float) -> Points:
    outer = round_neckline(0.044 + breadth * 0.5, depth + breadth)
    inner = round_neckline(0.04 - breadth * 0.15, depth)
    return np.vstack((points((-0.04, -0.016)), inner, points((0.04, -0.016)), outer[::-1]))


def notched_lapel(width: float, end: float, notch: float) -> Points:
    """The right lapel down to where the coat closes; the notch is the gap between collar and lapel."""
    return points(
        (0.03, -0.016),
        (0.048, -0.008),
        (width * 0.92, notch - 0.012),
        (width * 0.72, notch),
        (width * 0.58, notch + 0.005),
        (width * 1.08, notch + 0.006),
        (width, notch + 0.03),
        (0.003, end),
        (0.02, end * 0.4),
    )


def shawl_lapel(width: float, end: float) -> Points:
    """The right side of a shawl collar: one rounded piece from the neck to where the coat closes."""
    outer = points((0.03, -0.018), (0.052, -0.008), (0.03 + width, end * 0.3), (0.022 + width, end * 0.6), (0.002, end))
    return smooth(np.vstack((outer, points((0.012, end * 0.55), (0.026, end * 0.2)))), 2)


def edge_line(outline: Points, radius: float = 0.0012) -> Points:
    closed = np.vstack((outline, outline[:1]))
    return tube(closed, [radius] * len(closed), rounds=0)


def buttons(first: float, last: float, apart: float) -> tuple[Points, ...]:
    return tuple(oval((0.0, float(y)), 0.004, 0.004, 8) for y in np.arange(first, last, apart))
