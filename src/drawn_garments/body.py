"""The person under the garments: skin, shoes, and what is carried."""

import numpy as np

from drawn_garments.cloth import Cloth, Color, Layer, sample_cloth, sample_color
from drawn_garments.figure import ANKLE, NECK, SHOULDER, SOLE, Figure
from drawn_garments.geometry import Points, cut_path, points, smooth, tube


def leg_outlines(figure: Figure, level: float, ease: float, flare: float = 0.0) -> tuple[Points, Points]:
    """Both legs down to a level of the figure (2 is the knee, 3 the ankle), wider by ``ease`` and by ``flare``."""
    above = (figure.heights[2] - figure.legs[0][0, 1]) / (figure.heights[3] - figure.legs[0][0, 1])
    # Legs begin at the hip joint, a little above the crotch that levels count from.
    end = level - 1.0 if level > 2.0 else above + (1.0 - above) * max(level - 1.0, 0.0)
    knots = np.array([0.0, 0.5, 1.0, 1.45, 2.0, 3.0])
    thickness = np.array([0.042, 0.043, 0.032, 0.034, 0.02, 0.02]) * figure.girth
    outlines = []
    for leg in figure.legs:
        whole = np.vstack((leg, leg[-1] + (0.0, SOLE - ANKLE)))
        steps = np.append(knots[knots < end - 0.02], end)
        path = np.concatenate([cut_path(whole, step)[-1:] for step in steps])
        path[0] = whole[0]
        radii = np.interp(steps, knots, thickness) + ease + flare * np.maximum(steps - 0.3, 0.0)
        outlines.append(tube(path, radii, rounds=1))
    return outlines[0], outlines[1]


def arm_outlines(figure: Figure, level: float, ease: float, flare: float = 0.0) -> tuple[Points, Points]:
    """Both arms down to a level: 1 is the elbow, 2 the wrist."""
    radii = np.array([0.027, 0.021, 0.0145, 0.0135]) * figure.girth
    outlines = []
    for arm in figure.arms:
        path = cut_path(arm, level)
        width = np.interp(np.append(np.arange(len(path) - 1.0), level), np.arange(4.0), radii)
        wide = width + ease + flare * np.linspace(0, max(level, 0.1), len(path))
        ball = _shoulder_ball(figure, arm, float(wide[0]))
        limb = tube(np.vstack((ball[0][None], path)), [ball[1], *wide], rounds=2)
        outlines.append(limb)
    return outlines[0], outlines[1]


def _shoulder_ball(figure: Figure, arm: Points, radius: float) -> tuple[Points, float]:
    """Where an arm begins, inside the shoulder: the start of its outline is narrow, so that it looks round."""
    inward = np.sign(figure.neck[0] - arm[0, 0])
    back = (arm[0] - arm[1]) / np.linalg.norm(arm[0] - arm[1])
    return arm[0] + radius * (0.75 * back + (0.45 * inward, 0.0)), radius * 0.3


def trunk_outline(figure: Figure) -> Points:
    heights = figure.torso_knots[2:, 0]
    center, half = figure.center(heights), figure.half_width(heights)
    right = np.column_stack((center + half, heights))
    left = np.column_stack((center - half, heights))
    neck, width = figure.neck[0], float(figure.half_width(SHOULDER))
    slope = points((0.027, -0.05), (0.028, -0.014), (0.05, 0.004)) * (figure.girth, 1.0) + (0.0, NECK)
    edge = np.vstack((slope, points((width * 0.78, SHOULDER - 0.006), (width * 0.97, SHOULDER + 0.014))))
    right, left = np.vstack((edge * (1, 1) + (neck, 0.0), right)), np.vstack((edge * (-1, 1) + (neck, 0.0), left))
    return smooth(np.vstack((right, left[::-1])), 1)


def skin_layers(figure: Figure, skin: Cloth) -> list[Layer]:
    return [Layer("trunk", (trunk_outline(figure),), skin)]


def leg_layers(figure: Figure, cloth: Cloth) -> list[Layer]:
    return [Layer("leg", (outline,), cloth) for outline in leg_outlines(figure, 3.3, 0.0)]


def arm_layers(figure: Figure, skin: Cloth) -> list[Layer]:
    layers = [Layer("arm", (outline,), skin) for outline in arm_outlines(figure, 2.1, 0.0)]
    for arm in figure.arms:
        wrist, tip = arm[2], arm[3]
        layers.append(Layer("hand", (tube(np.stack((wrist, (wrist + tip) / 2, tip)), [0.013, 0.02, 0.008]),), skin))
    return layers


def shoe_layers(figure: Figure, generator: np.random.Generator, avoid: tuple[Color, ...]) -> list[Layer]:
    """Shoes, or boots over bare or covered legs."""
    cloth = sample_cloth(generator, avoid, bold=False)
    low = generator.uniform() < 0.7
    tall = generator.uniform(0.02, 0.1)
    layers = []
    for side, leg in zip((-1.0, 1.0), figure.legs, strict=True):
        x, y = leg[-1]
        toe = side * generator.uniform(0.008, 0.03) + 0.02 * figure.turn
        down = y + (SOLE - ANKLE)
        foot = points(
            (x - 0.02, y + 0.018 if low else y - tall * 0.3),
            (x + 0.02, y + 0.018 if low else y - tall * 0.3),
            (x + 0.024 + max(toe, 0), down - 0.016),
            (x + 0.02 + max(toe, 0) * 1.2, down + 0.006),
            (x - 0.02 + min(toe, 0) * 1.2, down + 0.006),
            (x - 0.024 + min(toe, 0), down - 0.016),
        )
        layers.append(Layer("shoe", (smooth(foot, 2),), cloth))
    return layers


def bag_layers(figure: Figure, generator: np.random.Generator) -> list[Layer]:
    """A handbag below one hand, beside the body."""
    arm = figure.arms[generator.integers(2)]
    x, y = arm[-1]
    width, height = generator.uniform(0.035, 0.065), generator.uniform(0.06, 0.1)
    cloth = Cloth(sample_color(generator), sheen=0.5, shadow=0.3)
    strap = tube(points((x - width * 0.5, y + 0.045), (x, y - 0.01), (x + width * 0.5, y + 0.045)), [0.004] * 3)
    body = points(
        (x - width, y + 0.04),
        (x + width, y + 0.04),
        (x + width * 1.1, y + 0.04 + height),
        (x - width * 1.1, y + 0.04 + height),
    )
    return [Layer("strap", (strap,), cloth), Layer("bag", (smooth(body, 1),), cloth)]
