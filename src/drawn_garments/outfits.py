"""What a person wears in the length dimensions: one garment ends at a level, the others are random."""

from collections.abc import Callable

import numpy as np

from drawn_garments.cloth import Cloth, Layer, sample_color
from drawn_garments.coats import coat_layers
from drawn_garments.figure import Figure
from drawn_garments.garments import (
    pants_layers,
    skirt_layers,
    sleeve_layers,
    top_outline,
)
from drawn_garments.geometry import box, points
from drawn_garments.necks import round_neckline, v_neckline
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


OUTFITS: dict[str, Callable[[Figure, float, Look, np.random.Generator], Outfit]] = {
    "coat_length": _coat_outfit,
    "pant_length": _pants_outfit,
    "skirt_length": _skirt_outfit,
    "sleeve_length": _sleeve_outfit,
}
