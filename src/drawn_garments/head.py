"""Head, face and hair."""

import numpy as np

from drawn_garments.cloth import HAIR_COLORS, Cloth, Layer, sample_cloth, shade
from drawn_garments.figure import Figure
from drawn_garments.geometry import box, oval, points, smooth

HEAD = (0.043, 0.062)  # half width and half height


def hair_cloth(generator: np.random.Generator) -> Cloth:
    color = HAIR_COLORS[generator.integers(len(HAIR_COLORS))]
    return Cloth(color, shade(color, 1.15), "pinstripes", 0.008, folds=0.16, sheen=0.45)


def head_center(figure: Figure) -> tuple[float, float]:
    return figure.neck[0] + 0.012 * figure.turn, HEAD[1]


def hair_behind(figure: Figure, hair: Cloth, generator: np.random.Generator) -> list[Layer]:
    x, y = head_center(figure)
    length = generator.choice((0.0, 0.09, 0.17), p=(0.4, 0.3, 0.3)) + generator.uniform(0.0, 0.04)
    width = HEAD[0] * generator.uniform(1.2, 1.55)
    outline = points(
        (x - width * 0.6, y - 0.066),
        (x + width * 0.6, y - 0.066),
        (x + width, y - 0.02),
        (x + width * 1.1, y + length),
        (x + width * 0.5, y + length + 0.01),
        (x - width * 0.5, y + length + 0.01),
        (x - width * 1.1, y + length),
        (x - width, y - 0.02),
    )
    return [Layer("hair", (smooth(outline),), hair)]


def head_layers(figure: Figure, skin: Cloth, hair: Cloth, generator: np.random.Generator) -> list[Layer]:
    """Head with a face and the hair on its front, or a hat."""
    x, y = head_center(figure)
    width, height = HEAD[0] * (1 - 0.1 * abs(figure.turn)), HEAD[1]
    skull = points(
        (-1, -0.3), (-0.8, -0.9), (0, -1.05), (0.8, -0.9), (1, -0.3), (0.88, 0.4), (0.4, 1), (-0.4, 1), (-0.88, 0.4)
    )
    ears = tuple(oval((x + side * width * 0.95, y + 0.004), 0.007, 0.013, 10) for side in (-1, 1))
    layers = [Layer("ears", ears, skin), Layer("head", (smooth(skull * (width, height) + (x, y)),), skin)]
    return layers + _face(x + 0.014 * figure.turn, y, skin, generator) + _hair_on_top(x, y, width, hair, generator)


def _face(x: float, y: float, skin: Cloth, generator: np.random.Generator) -> list[Layer]:
    dark = Cloth(shade(skin.color, 0.35), flat=True)
    red, green, blue = skin.color
    lips = Cloth((red * 0.85, green * 0.55, blue * 0.55), flat=True)
    apart, smile = 0.018, generator.uniform(0.0, 0.004)
    nose = smooth(points((x - 0.003, y + 0.016), (x + 0.001, y + 0.004), (x + 0.006, y + 0.018), (x, y + 0.021)))
    mouth = points((x - 0.014, y + 0.034 - smile), (x, y + 0.032), (x + 0.014, y + 0.034 - smile), (x, y + 0.04))
    layers = [Layer("nose", (nose,), Cloth(shade(skin.color, 0.78), flat=True)), Layer("mouth", (smooth(mouth),), lips)]
    if generator.uniform() < 0.2:
        glasses = tuple(oval((x + side * apart, y), 0.016, 0.011, 12) for side in (-1, 1))
        bridge = box(x - 0.012, y - 0.004, x + 0.012, y - 0.001)
        return [*layers, Layer("glasses", (*glasses, bridge), Cloth((20, 18, 20), flat=True))]
    eyes = tuple(oval((x + side * apart, y), 0.007, 0.0036, 10) for side in (-1, 1))
    brows = tuple(oval((x + side * apart, y - 0.012), 0.011, 0.0022, 8) for side in (-1, 1))
    return [*layers, Layer("eyes", eyes + brows, dark)]


def _hair_on_top(x: float, y: float, width: float, hair: Cloth, generator: np.random.Generator) -> list[Layer]:
    parting = generator.uniform(-0.6, 0.6)
    fringe = generator.uniform(-0.55, -0.15)
    cap = points((-1.12, 0.35), (-1.15, -0.5), (-0.6, -1.12), (0.6, -1.12), (1.15, -0.5), (1.12, 0.35), (0.92, -0.1))
    outline = np.vstack((cap, points((0.7, fringe), (parting, fringe - 0.25), (-0.7, fringe), (-0.92, -0.1))))
    layers = [Layer("hair", (smooth(outline * (width, HEAD[1]) + (x, y)),), hair)]
    if generator.uniform() < 0.15:
        hat = points((-1.25, -0.35), (-1.1, -1.1), (-0.4, -1.4), (0.4, -1.4), (1.1, -1.1), (1.25, -0.35), (0, -0.5))
        cloth = sample_cloth(generator, (hair.color,), bold=False)
        layers.append(Layer("hat", (smooth(hat * (width, HEAD[1]) + (x, y)),), cloth))
    return layers
