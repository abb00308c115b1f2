"""One drawn garment: a picture, its label string, and whether the garment is worn or laid flat."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from apparel_eye.attributes import DIMENSIONS
from drawn_garments.backgrounds import paint_background
from drawn_garments.designs import Design
from drawn_garments.geometry import fit_frame, points
from drawn_garments.labels import sample_size
from drawn_garments.lengths import Length
from drawn_garments.outfits import LENGTHS
from drawn_garments.paint import develop, paint_layers
from drawn_garments.scenes import Scene
from drawn_garments.shapes import DESIGNS

RATIOS = (1.0, 3 / 4, 2 / 3)  # width to height
RATIO_SHARES = (0.5, 0.25, 0.25)


class Drawing(NamedTuple):
    image: Image.Image
    label_string: str
    domain: str


def draw(category: str, value: int, generator: np.random.Generator, size: int) -> Drawing:
    """Draw a garment that shows a value of a FashionAI dimension; ``size`` is the long side in pixels."""
    scene, label_string = compose(category, value, generator)
    return Drawing(take_picture(scene, size, generator), label_string, scene.domain)


def compose(category: str, value: int, generator: np.random.Generator) -> tuple[Scene, str]:
    """What is in the picture, and its label string."""
    drawn, num_values = drawn_as(category), len(DIMENSIONS[category])
    size, label_string = sample_size(num_values, value, drawn.sizes, generator)
    return drawn.scene(value, num_values, size, generator), label_string


def drawn_as(category: str) -> Length | Design:
    """How a dimension is drawn."""
    return LENGTHS[category] if category in LENGTHS else DESIGNS[category]


def take_picture(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    picture = (round(size * generator.choice(RATIOS, p=RATIO_SHARES)), size)
    frame = fit_frame(scene.wanted, picture, generator, angle=scene.angle, keep=scene.keep)
    floor = float(frame.to_pixels(points((0.0, 1.0)))[0, 1])
    canvas = paint_background(picture, floor, scene.backdrop, scene.domain, generator)
    angle = generator.uniform(0, 2 * np.pi)
    light = (float(np.cos(angle)) * 0.8, float(-abs(np.sin(angle))) * 0.8)
    return develop(paint_layers(canvas, scene.layers, frame, light, generator), generator)
