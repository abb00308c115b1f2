"""What a person wears in the design dimensions: each value is a shape. A dimension is an entry of ``DESIGNS``."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from drawn_garments.cloth import Cloth, Layer, sample_color, shade
from drawn_garments.coats import coat_layers
from drawn_garments.designs import Design
from drawn_garments.figure import NECK, Figure
from drawn_garments.garments import sleeve_layers, top_outline
from drawn_garments.geometry import Points, box, points, smooth, tube
from drawn_garments.labels import look_alikes
from drawn_garments.necks import (
    NECKLINES,
    buttons,
    cowl,
    edge_line,
    flat_leaf,
    mirror,
    notched_lapel,
    rib_band,
    round_neckline,
    ruffle,
    shawl_lapel,
    shirt_leaf,
    standing_neck,
    v_neckline,
)
from drawn_garments.scenes import Look, Outfit, garment_cloth


def _both(figure: Figure, outline: Points) -> tuple[Points, Points]:
    return figure.on_front(mirror(outline)), figure.on_front(outline)


def _lined(name: str, outlines: Sequence[Points], cloth: Cloth, *, edge: float = 0.5) -> list[Layer]:
    """Layers that lie on a garment of the same cloth and stand out by their edges, darker than it by a factor."""
    dark = Cloth(shade(cloth.color, edge if sum(cloth.color) > 180 else 1 / edge), flat=True)
    layers = []
    for outline in outlines:
        layers.append(Layer(name, (outline,), cloth))
        layers.append(Layer("edge", (edge_line(outline),), dark))
    return layers


def _body_top(
    figure: Figure, edge: Points, cloth: Cloth, sleeve: float, generator: np.random.Generator, *, inset: float = 0.0
) -> Outfit:
    ease = generator.uniform(0.004, 0.012)
    hem = figure.height_at(generator.uniform(0.3, 1.4))
    outline = top_outline(figure, edge, hem, ease, generator.uniform(0.0, 0.08), inset)
    sleeves = sleeve_layers(figure, cloth, sleeve, ease + generator.uniform(0.001, 0.006))
    return Outfit((Layer("top", (outline,), cloth),), tuple(sleeves))


def _neckline(figure: Figure, value: int, size: float, look: Look, generator: np.random.Generator) -> Outfit:
    edge = NECKLINES[value](generator, size)
    cloth = garment_cloth(generator, look)
    bare = value in (1, 6, 8, 9)
    sleeve = 0.0 if bare or generator.uniform() < 0.3 else generator.uniform(0.1, 2.1)
    outfit = _body_top(figure, edge, cloth, sleeve, generator, inset=0.012 if sleeve == 0.0 and not bare else 0.0)
    trim = figure.on_front(edge)
    line = Layer("edge", (tube(trim, [0.0022] * len(trim), rounds=0),), Cloth(shade(cloth.color, 0.7), flat=True))
    outfit = outfit._replace(body=(*outfit.body, line))
    return outfit._replace(arms=tuple(_off_shoulder_band(figure, cloth, generator))) if value == 6 else outfit


def _off_shoulder_band(figure: Figure, cloth: Cloth, generator: np.random.Generator) -> list[Layer]:
    """Sleeves that begin below the shoulders, and the band between them."""
    end = generator.uniform(0.55, 2.0)
    layers = []
    for arm in figure.arms:
        start, elbow = arm[0] + 0.3 * (arm[1] - arm[0]), arm[1]
        stop = arm[0] + min(end, 1.0) * (elbow - arm[0])
        path = np.stack((start, stop)) if end <= 1 else np.stack((start, elbow, elbow + (end - 1) * (arm[2] - elbow)))
        layers.append(Layer("sleeve", (tube(path, [0.033 * figure.girth] * len(path)),), cloth))
    if generator.uniform() < 0.6:
        across = points((-0.1, 0.062), (0.0, 0.076), (0.1, 0.062), (0.098, 0.1), (0.0, 0.115), (-0.098, 0.1))
        flounce = smooth(figure.on_front(across * (figure.girth, 1.0)), 2)
        layers.append(Layer("flounce", (flounce,), replace(cloth, folds=0.2)))
    return layers


def _neck(figure: Figure, value: int, size: float, look: Look, generator: np.random.Generator) -> Outfit:
    cloth = garment_cloth(generator, look)
    edge = round_neckline(0.036, 0.004)
    cowled = value == 4
    if cowled:
        edge = round_neckline(generator.uniform(0.05, 0.065), generator.uniform(0.03, 0.055))
    outfit = _body_top(figure, edge, cloth, generator.uniform(0.8, 2.1), generator)
    shapes = {1: _turtle, 2: _ruffled, 3: _turtle, 4: _draped}[value]
    return outfit._replace(body=(*outfit.body, *shapes(figure, size, cloth, generator)))


def _turtle(figure: Figure, size: float, cloth: Cloth, generator: np.random.Generator) -> list[Layer]:
    collar = replace(cloth, shadow=0.3, sheen=0.5)
    if generator.uniform() < 0.5:
        collar = replace(collar, pattern="ribs", accent=shade(cloth.color, 0.75), period=0.008)
    return _lined("neck", [figure.on_front(standing_neck(size, generator.uniform(0.98, 1.2)))], collar)


def _ruffled(figure: Figure, size: float, cloth: Cloth, generator: np.random.Generator) -> list[Layer]:
    height, width, waves = (
        generator.uniform(0.014, 0.026),
        generator.uniform(0.042, 0.05),
        int(generator.integers(3, 7)),
    )
    stand = figure.on_front(standing_neck(height, 1.05))
    frills = [figure.on_front(ruffle(height, width, generator.uniform(0.008, 0.014), waves))]
    if generator.uniform() < 0.6:
        frills.append(figure.on_front(ruffle(-0.008, width * 1.35, generator.uniform(0.011, 0.018), waves + 2)))
    return _lined("neck", [stand, *frills], replace(cloth, pattern="plain"))


def _draped(figure: Figure, size: float, cloth: Cloth, generator: np.random.Generator) -> list[Layer]:
    width, depth = generator.uniform(0.05, 0.066), generator.uniform(0.024, 0.045)
    num_folds = int(generator.integers(2, 5))
    folds = [
        figure.on_front(cowl(width - 0.004 * fold, depth + 0.026 * fold, generator.uniform(0.034, 0.046)))
        for fold in range(num_folds)
    ]
    return _lined("neck", folds[::-1], replace(cloth, shadow=0.5, sheen=0.6), edge=0.72)


def _collar(figure: Figure, value: int, size: float, look: Look, generator: np.random.Generator) -> Outfit:
    cloth = garment_cloth(generator, look)
    open_by = generator.choice((0.0, 0.012)) if value == 1 else 0.0
    edge = v_neckline(0.034, 0.03 + open_by * 4) if value == 1 else round_neckline(0.04, 0.026)
    outfit = _body_top(figure, edge, cloth, generator.uniform(0.0, 2.1), generator)
    contrast = generator.uniform() < 0.35
    collar = replace(cloth, shadow=0.35)
    if contrast:
        collar = replace(collar, pattern="plain", color=sample_color(generator, (cloth.color, look.skin.color)))
    line = Cloth(shade(cloth.color, 0.6), flat=True)
    front: list[Layer] = []
    if value == 1 or generator.uniform() < 0.5:
        seam = figure.on_front(box(-0.0012, 0.03 + open_by * 4, 0.0012, 0.3))
        dots = tuple(figure.on_front(dot) for dot in buttons(0.05 + open_by * 4, 0.28, 0.04))
        front = [Layer("placket", (seam, *dots), line)]
    if value == 4:
        ribs = replace(collar, pattern="ribs", accent=shade(collar.color, 0.6), period=0.007)
        bands = [figure.on_front(rib_band(generator.uniform(0.012, 0.022), generator.uniform(0.016, 0.03)))]
        return outfit._replace(body=(*outfit.body, *front, *_lined("collar", bands, ribs)))
    if value == 1:
        leaf = shirt_leaf(generator.uniform(0.035, 0.06), generator.uniform(0.022, 0.045), open_by)
    else:
        leaf = flat_leaf(size, 2 if value == 2 else int(generator.integers(0, 2)), generator.uniform(0.03, 0.16))
    return outfit._replace(body=(*outfit.body, *front, *_lined("collar", _both(figure, leaf), collar)))


def _lapel(figure: Figure, value: int, size: float, look: Look, generator: np.random.Generator) -> Outfit:
    cloth = garment_cloth(generator, look)
    inner = garment_cloth(generator, look, cloth.color)
    neckline = round_neckline(0.042, generator.uniform(0.016, 0.045))
    under = _body_top(figure, neckline, inner, 0.0, generator)
    level = generator.uniform(0.4, 2.4)
    closes = generator.uniform(0.13, 0.25)
    share = closes / (figure.height_at(level) - NECK)
    below = generator.choice((0.0, 0.03), p=(0.6, 0.4))
    opening = points((0.0, 0.03), (share * 0.4, 0.021), (share, 0.002), (1.0, below))
    coat = coat_layers(figure, cloth, level, opening, generator)
    sleeves = sleeve_layers(figure, cloth, generator.uniform(1.6, 2.15), generator.uniform(0.006, 0.012))
    trim = replace(cloth, shadow=0.35)
    if value == 1:
        leaf = notched_lapel(generator.uniform(0.055, 0.078), closes, generator.uniform(0.035, 0.065))
    elif value == 2:
        leaf = points(
            (0.03, -0.012),
            (0.022, closes * 0.4),
            (0.002, closes),
            (0.005, closes),
            (0.026, closes * 0.4),
            (0.034, -0.01),
        )
    else:
        leaf = shawl_lapel(size, closes)
    lapels = _lined("lapel", _both(figure, leaf), trim)
    return Outfit((*under.body, *coat, *lapels), tuple(sleeves))


DESIGNS: dict[str, Design] = {
    "collar_design": Design(_collar, look_alikes(2, 3, (0.022, 0.041, 0.068))),  # breadth of a flat collar
    "lapel_design": Design(_lapel, look_alikes(3, 4, (0.018, 0.034, 0.062))),  # breadth of a shawl collar
    "neck_design": Design(_neck, look_alikes(3, 1, (0.011, 0.027, 0.046))),  # height of a turtle neck
    "neckline_design": Design(_neckline, look_alikes(4, 2, (0.055, 0.105, 0.2))),  # depth of a V
}
