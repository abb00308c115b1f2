"""Garments laid flat or hung up, without a body."""

from collections.abc import Callable

import numpy as np

from drawn_garments.cloth import Cloth, Layer, sample_cloth, shade
from drawn_garments.coats import coat_layers
from drawn_garments.figure import NECK, SHOULDER, Figure
from drawn_garments.garments import pants_layers, skirt_layers, sleeve_layers
from drawn_garments.geometry import points, tube
from drawn_garments.necks import shoulder_height
from drawn_garments.outfits import random_top
from drawn_garments.scenes import Look, Scene


def flat_scene(
    category: str, figure: Figure, level: float, look: Look, generator: np.random.Generator, *, hidden: bool
) -> Scene:
    cloth = sample_cloth(generator, (look.backdrop,))
    garment = _FLAT[category](figure, cloth, level, look, generator)
    reach = np.concatenate([outline for layer in garment for outline in layer.outlines])
    angle = generator.normal(0.0, 0.07)
    if hidden:
        low = float(reach[:, 1].max()) - generator.uniform(0.06, 0.1)
        seen = reach[reach[:, 1] < low]
        return Scene(figure, tuple(garment), np.vstack((seen, (0.0, low - 0.02))), "flat", look.backdrop, keep="bottom")
    return Scene(figure, tuple(garment), reach, "flat", look.backdrop, angle)


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


_FLAT: dict[str, Callable[[Figure, Cloth, float, Look, np.random.Generator], list[Layer]]] = {
    "coat_length": _flat_coat,
    "pant_length": _flat_pants,
    "skirt_length": _flat_skirt,
    "sleeve_length": _flat_top,
}
