"""One drawn garment: a picture, its label string, and whether the garment is worn or laid flat."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from apparel_eye.attributes import is_length
from drawn_garments.backgrounds import paint_background
from drawn_garments.designs import design_scene
from drawn_garments.geometry import fit_frame, points
from drawn_garments.labels import sample_size
from drawn_garments.lengths import length_scene
from drawn_garments.paint import develop, paint_layers
from drawn_garments.scenes import Scene

SHAPES = (1.0, 3 / 4, 2 / 3)  # width to height
SHAPE_SHARES = (0.5, 0.25, 0.25)


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
    measure, label_string = sample_size(category, value, generator)
    if is_length(category):
        return length_scene(category, measure, generator, hidden=value == 0), label_string
    return design_scene(category, value, measure, generator), label_string


def take_picture(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    shape = generator.choice(SHAPES, p=SHAPE_SHARES)
    picture = (round(size * shape), size)
    frame = fit_frame(scene.wanted, picture, generator, angle=scene.angle, keep=scene.keep)
    floor = float(frame.to_pixels(points((0.0, 1.0)))[0, 1])
    canvas = paint_background(picture, floor, scene.backdrop, scene.domain, generator)
    angle = generator.uniform(0, 2 * np.pi)
    light = (float(np.cos(angle)) * 0.8, float(-abs(np.sin(angle))) * 0.8)
    return develop(paint_layers(canvas, scene.layers, frame, light, generator), generator)
