"""What a layer of the picture looks like: colors and patterns."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drawn_garments.geometry import Points

Color = tuple[float, float, float]

# Colors that garments in street photos mostly have: black, charcoal, gray, white, cream, beige, camel, brown, navy,
# denim, light denim, olive.
COMMON_COLORS: tuple[Color, ...] = (
    (28, 27, 30),
    (58, 58, 62),
    (128, 128, 130),
    (232, 230, 226),
    (226, 216, 194),
    (196, 174, 142),
    (170, 122, 74),
    (86, 58, 42),
    (32, 40, 72),
    (58, 84, 122),
    (140, 166, 194),
    (88, 90, 58),
)
SKIN_COLORS: tuple[Color, ...] = (
    (246, 212, 190),
    (234, 192, 164),
    (216, 168, 134),
    (184, 132, 98),
    (134, 90, 64),
    (92, 60, 44),
)
HAIR_COLORS: tuple[Color, ...] = (
    (22, 18, 18),
    (52, 34, 26),
    (96, 62, 38),
    (180, 142, 84),
    (112, 54, 34),
    (142, 138, 134),
)
PATTERN_SHARES = {
    "plain": 0.5,
    "stripes": 0.09,
    "pinstripes": 0.05,
    "checks": 0.09,
    "dots": 0.06,
    "floral": 0.08,
    "melange": 0.08,
    "knit": 0.05,
}


@dataclass(frozen=True)
class Cloth:
    """How a surface looks. ``period`` is the pattern's repeat in body units; a flat one is painted without shading.

    ``turned`` sets stripes upright, on every part of the garment alike.
    """

    color: Color
    accent: Color = (0.0, 0.0, 0.0)
    pattern: str = "plain"
    period: float = 0.03
    turned: bool = False
    folds: float = 0.0
    sheen: float = 0.3
    shadow: float = 0.0
    flat: bool = False


class Layer(NamedTuple):
    """Outlines in body units painted with one cloth; later layers lie on top."""

    name: str
    outlines: tuple[Points, ...]
    cloth: Cloth


def distance(first: Color, second: Color) -> float:
    return float(np.linalg.norm(np.subtract(first, second)))


def shade(color: Color, factor: float) -> Color:
    red, green, blue = (float(np.clip(channel * factor, 0, 255)) for channel in color)
    return red, green, blue


def sample_color(generator: np.random.Generator, avoid: tuple[Color, ...] = (), apart: float = 70.0) -> Color:
    """A garment's color, at a distance from those it must be told apart from."""
    color = _any_color(generator)
    for _ in range(12):
        if all(distance(color, other) >= apart for other in avoid):
            break
        color = _any_color(generator)
    return color


def muted(color: Color, gray: float = 150.0) -> Color:
    """A color as it looks far behind the figure."""
    red, green, blue = (0.45 * channel + 0.55 * gray for channel in color)
    return red, green, blue


def sample_cloth(generator: np.random.Generator, avoid: tuple[Color, ...] = (), *, bold: bool = True) -> Cloth:
    color = sample_color(generator, avoid)
    pattern = str(generator.choice(list(PATTERN_SHARES), p=list(PATTERN_SHARES.values()))) if bold else "plain"
    strong = pattern not in ("melange", "knit", "pinstripes")
    accent = sample_color(generator, (*avoid, color)) if strong else shade(color, generator.choice((0.8, 1.25)))
    return Cloth(
        color=color,
        accent=accent,
        pattern=pattern,
        period=generator.uniform(0.014, 0.045),
        turned=bool(generator.uniform() < 0.35),
        folds=generator.uniform(0.05, 0.16),
        sheen=generator.uniform(0.2, 0.55),
        shadow=0.35,
    )


def sample_skin(generator: np.random.Generator) -> Cloth:
    lighter = int(generator.integers(len(SKIN_COLORS) - 1))
    mix = generator.uniform()
    red, green, blue = (
        float(a * mix + b * (1 - mix)) for a, b in zip(SKIN_COLORS[lighter], SKIN_COLORS[lighter + 1], strict=True)
    )
    return Cloth((red, green, blue), sheen=0.32)


def _any_color(generator: np.random.Generator) -> Color:
    if generator.uniform() < 0.6:
        base = np.array(COMMON_COLORS[generator.integers(len(COMMON_COLORS))]) + generator.normal(0, 8, 3)
    else:
        wheel = generator.uniform() * 6 + np.array([0.0, 4.0, 2.0])
        pure = np.clip(np.abs(wheel % 6 - 3) - 1, 0, 1)
        gray, value = generator.beta(3.0, 2.2), generator.uniform(70, 215)
        base = value * (gray + (1 - gray) * pure)
    red, green, blue = (float(channel) for channel in np.clip(base, 8, 248))
    return red, green, blue
