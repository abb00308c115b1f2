"""Garments of the length dimensions, worn with others or laid flat. A dimension is an entry of ``LENGTHS``."""

import numpy as np

from drawn_garments.cloth import Cloth, Layer, sample_color, shade
from drawn_garments.coats import coat_layers
from drawn_garments.figure import NECK, SHOULDER, Figure
from drawn_garments.garments import (
    pants_layers,
    skirt_layers,
    sleeve_layers,
    top_outline,
)
from drawn_garments.geometry import box, points, tube
from drawn_garments.labels import lengths
from drawn_garments.lengths import Length
from drawn_garments.necks import round_neckline, shoulder_height, v_neckline
from drawn_garments.scenes import Look, Outfit, garment_cloth


def random_top(
    figure: Figure, look: Look, cloth: Cloth, hem: float, sleeve: float, generator: np.random.Generator
) -> tuple[list[Layer], list[Layer]]:
    """A random top: its body, and its sleeves down to a level of the arm."""
    ease, flare = generator.uniform(0.004, 0.016), generator.uniform(0.0, 0.06)
    inset = 0.0 if sleeve >= 0.06 else 0.014 - 0.12 * (sleeve - 0.06)
    width, depth = generator.uniform(0.042, 0.058), generator.uniform(0.018, 0.05)
    neckline = round_neckline if generator.uniform() < 0.6 else v_neckline
    outline = top_outline(figure, neckline(width, depth), hem, ease, flare, min(inset, 0.04))
    layers = [Layer("top", (outline,), cloth)]
    if generator.uniform() < 0.25:
        size = generator.uniform(0.02, 0.045)
        print_ = figure.on_front(box(-size, 0.09, size, 0.09 + size * 1.2))
        layers.append(Layer("print", (print_,), Cloth(sample_color(generator, (cloth.color,)), flat=True)))
    loose = ease * 0.8 + generator.uniform(0.0, 0.006)
    return layers, sleeve_layers(
        figure, cloth, sleeve, loose, generator.choice((0.0, 0.004, 0.01), p=(0.6, 0.25, 0.15))
    )


def _skirt_outfit(figure: Figure, level: float, look: Look, generator: np.random.Generator) -> Outfit:
    cloth = garment_cloth(generator, look)
    upper = cloth if generator.uniform() < 0.3 else garment_cloth(generator, look, cloth.color)
    skirt = skirt_layers(figure, cloth, level, generator, start=generator.uniform(-0.12, 0.2))
    tucked = generator.uniform() < 0.6
    hem = figure.height_at(0.25 if tucked else generator.uniform(0.25, 0.6))
    top, sleeves = random_top(figure, look, upper, hem, generator.uniform(-0.1, 2.1), generator)
    body = (*top, *skirt) if tucked else (*skirt, *top)
    if generator.uniform() < 0.2:
        over = garment_cloth(generator, look, cloth.color, upper.color)
        return _with_coat(figure, Outfit(body), over, generator.uniform(0.0, min(level, 2.3)), generator, open_by=0.06)
    return Outfit(body, tuple(sleeves))


def _pants_outfit(figure: Figure, level: float, look: Look, generator: np.random.Generator) -> Outfit:
    cloth = garment_cloth(generator, look)
    upper = garment_cloth(generator, look, cloth.color)
    hem = figure.height_at(generator.uniform(0.15, 0.75))
    top, sleeves = random_top(figure, look, upper, hem, generator.uniform(-0.1, 2.1), generator)
    body = (*pants_layers(figure, cloth, level, generator), *top)
    if generator.uniform() < 0.2:
        over = garment_cloth(generator, look, cloth.color, upper.color)
        return _with_coat(figure, Outfit(body), over, generator.uniform(0.0, 0.9), generator, open_by=0.04)
    return Outfit(body, tuple(sleeves))


def _coat_outfit(figure: Figure, level: float, look: Look, generator: np.random.Generator) -> Outfit:
    cloth = garment_cloth(generator, look)
    lower = garment_cloth(generator, look, cloth.color)
    upper = garment_cloth(generator, look, cloth.color, lower.color)
    if generator.uniform() < 0.6:
        below = pants_layers(figure, lower, generator.uniform(1.3, 3.5), generator)
    else:
        below = skirt_layers(figure, lower, generator.uniform(1.2, 3.5), generator)
    top, _ = random_top(figure, look, upper, figure.height_at(generator.uniform(0.2, 0.5)), 0.0, generator)
    open_by = generator.choice((0.0, 0.02, 0.05), p=(0.5, 0.25, 0.25))
    return _with_coat(figure, Outfit((*below, *top)), cloth, level, generator, open_by=open_by)


def _with_coat(
    figure: Figure, under: Outfit, cloth: Cloth, level: float, generator: np.random.Generator, *, open_by: float
) -> Outfit:
    share = generator.uniform(0.05, 0.45)
    opening = points(
        (0.0, generator.uniform(0.015, 0.035)), (share, open_by), (1.0, open_by * generator.uniform(0.9, 1.3))
    )
    coat = coat_layers(figure, cloth, level, opening, generator)
    sleeves = sleeve_layers(figure, cloth, generator.uniform(1.7, 2.15), generator.uniform(0.008, 0.016))
    return under._replace(body=(*under.body, *coat), arms=tuple(sleeves))


def _sleeve_outfit(figure: Figure, level: float, look: Look, generator: np.random.Generator) -> Outfit:
    cloth = garment_cloth(generator, look)
    lower = garment_cloth(generator, look, cloth.color)
    if generator.uniform() < 0.5:
        below = pants_layers(figure, lower, generator.uniform(1.3, 3.5), generator)
    else:
        below = skirt_layers(figure, lower, generator.uniform(1.2, 3.5), generator)
    top, sleeves = random_top(figure, look, cloth, figure.height_at(generator.uniform(0.3, 0.95)), level, generator)
    return Outfit((*below, *top), tuple(sleeves))


def _flat_skirt(figure: Figure, cloth: Cloth, level: float, look: Look, generator: np.random.Generator) -> list[Layer]:
    return skirt_layers(figure, cloth, level, generator)


def _flat_pants(figure: Figure, cloth: Cloth, level: float, look: Look, generator: np.random.Generator) -> list[Layer]:
    return pants_layers(figure, cloth, level, generator)


def _flat_coat(figure: Figure, cloth: Cloth, level: float, look: Look, generator: np.random.Generator) -> list[Layer]:
    opening = points((0.0, generator.uniform(0.012, 0.03)), (generator.uniform(0.1, 0.4), 0.0), (1.0, 0.0))
    coat = coat_layers(figure, cloth, level, opening, generator)
    sleeves = sleeve_layers(figure, cloth, generator.uniform(1.85, 2.1), 0.014)
    return [*_lining(figure, cloth), *sleeves, *coat, *_hanger(generator)]


def _flat_top(figure: Figure, cloth: Cloth, level: float, look: Look, generator: np.random.Generator) -> list[Layer]:
    body, sleeves = random_top(figure, look, cloth, figure.height_at(generator.uniform(0.6, 0.95)), level, generator)
    return [*_lining(figure, cloth), *sleeves, *body, *_hanger(generator)]


def _lining(figure: Figure, cloth: Cloth) -> list[Layer]:
    """The inside of a laid-out garment's back, seen through its neckline."""
    width = 0.062
    back = points(
        (-width, shoulder_height(width)), (0.0, 0.0), (width, shoulder_height(width)), (0.05, 0.08), (-0.05, 0.08)
    )
    return [Layer("lining", (figure.on_front(back),), Cloth(shade(cloth.color, 0.62), sheen=0.2))]


def _hanger(generator: np.random.Generator) -> list[Layer]:
    if generator.uniform() < 0.6:
        return []
    hook = points((0.0, NECK), (0.0, NECK - 0.05), (0.018, NECK - 0.065), (0.0, NECK - 0.085), (-0.014, NECK - 0.075))
    bar = points((-0.05, SHOULDER - 0.012), (0.0, NECK), (0.05, SHOULDER - 0.012))
    wood = Cloth((60, 44, 34) if generator.uniform() < 0.5 else (200, 200, 204), flat=True)
    return [Layer("hanger", (tube(hook, [0.003] * 5), tube(bar, [0.005] * 3)), wood)]


LENGTHS: dict[str, Length] = {
    "coat_length": Length(
        _coat_outfit,
        _flat_coat,
        lengths(-0.5, 0.2, 0.68, 1.06, 1.45, 2.05, 2.7, 3.6),
        starts=(-0.01, 0.12, 0.12),
    ),
    "pant_length": Length(_pants_outfit, _flat_pants, lengths(1.2, 1.55, 2.0, 2.5, 2.9, 3.6)),
    "skirt_length": Length(_skirt_outfit, _flat_skirt, lengths(1.12, 1.72, 2.14, 2.64, 3.05, 3.75)),
    "sleeve_length": Length(
        _sleeve_outfit,
        _flat_top,
        lengths(-0.2, 0.06, 0.3, 0.68, 1.12, 1.5, 1.8, 2.08, 2.42),
        on_arms=True,
        has_invisible=False,  # as in the real data
    ),
}
