"""Scenes for the design dimensions, whose values are shapes at the neck or elsewhere on a person's front."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from drawn_garments.cloth import Layer, sample_cloth, shade
from drawn_garments.figure import Figure, sample_figure
from drawn_garments.garments import pants_layers, skirt_layers
from drawn_garments.geometry import Points, box, oval, points, smooth, tube
from drawn_garments.labels import Sizes
from drawn_garments.scenes import Look, Outfit, Scene, dress_person, garment_cloth, sample_look

Shape = Callable[[Figure, int, float, Look, np.random.Generator], Outfit]


@dataclass(frozen=True)
class Design:
    """How a dimension of designs is drawn.

    Attributes:
        shape: what a person wears that shows a value other than Invisible, the first, of a size.
        sizes: that tell values apart whose shape is the same.
        has_invisible: whether there are photos on which nothing is seen of it.
    """

    shape: Shape
    sizes: Sizes | None = None
    has_invisible: bool = True

    def scene(self, value: int, num_values: int, size: float, generator: np.random.Generator) -> Scene:
        """A scene that shows a value's shape; Invisible is any shape of the dimension, hidden or out of the picture."""
        figure = sample_figure(generator, worn=True, bent_arms=0.03)
        look = sample_look(generator)
        shown = value or int(generator.integers(1, num_values))
        outfit = self.shape(figure, shown, size, look, generator)
        lower = _bottoms(figure, look, generator)
        outfit = outfit._replace(body=(*lower, *outfit.body))
        angle = generator.normal(0.0, 0.035)
        if value == 0:
            return _hidden_scene(figure, look, outfit, generator)
        layers = dress_person(figure, look, outfit, generator)
        return Scene(figure, layers, _view(generator), "worn", look.backdrop, angle)


def _view(generator: np.random.Generator) -> Points:
    top = generator.choice((-0.01, 0.06, 0.09), p=(0.6, 0.2, 0.2))
    bottom = generator.choice((0.34, 0.45, 0.6, 1.01), p=(0.35, 0.4, 0.2, 0.05))
    return box(-0.11, top, 0.11, bottom)


def _hidden_scene(figure: Figure, look: Look, outfit: Outfit, generator: np.random.Generator) -> Scene:
    """A scarf, hair or a held thing covers the neck, or the picture begins below it."""
    kind = generator.choice(("cropped", "scarf", "hair", "held"), p=(0.4, 0.25, 0.15, 0.2))
    if kind == "cropped":
        layers = dress_person(figure, look, outfit, generator)
        start = generator.uniform(0.36, 0.42)
        return Scene(figure, layers, box(-0.13, start, 0.13, 1.01), "worn", look.backdrop, keep="top")
    cover = {"scarf": _scarf, "hair": _hair_cover, "held": _held}[str(kind)](figure, look, generator)
    layers = dress_person(figure, look, outfit._replace(front=tuple(cover)), generator)
    return Scene(figure, layers, _view(generator), "worn", look.backdrop)


def _scarf(figure: Figure, look: Look, generator: np.random.Generator) -> list[Layer]:
    cloth = sample_cloth(generator)
    ring = smooth(points((-0.06, -0.045), (0.06, -0.045), (0.085, 0.02), (0.04, 0.07), (-0.04, 0.07), (-0.085, 0.02)))
    tail = smooth(points((-0.03, 0.03), (0.05, 0.03), (0.06, 0.24), (-0.035, 0.24)), 1)
    fold = tube(points((-0.06, -0.01), (0.0, 0.03), (0.06, -0.01)), [0.004, 0.008, 0.004])
    darker = replace(cloth, color=shade(cloth.color, 0.75), shadow=0.0)
    return [
        Layer("scarf", (figure.on_front(part),), look_)
        for part, look_ in ((tail, cloth), (ring, cloth), (fold, darker))
    ]


def _hair_cover(figure: Figure, look: Look, generator: np.random.Generator) -> list[Layer]:
    """The back of the head: long hair over neck and shoulders."""
    low = generator.uniform(0.13, 0.24)
    outline = points(
        (-0.04, -0.165),
        (0.04, -0.165),
        (0.058, -0.08),
        (0.085, low * 0.6),
        (0.06, low),
        (-0.06, low),
        (-0.085, low * 0.6),
        (-0.058, -0.08),
    )
    return [Layer("hair", (figure.on_front(smooth(outline)),), look.hair)]


def _held(figure: Figure, look: Look, generator: np.random.Generator) -> list[Layer]:
    """A bag, book or bunch held before neck and chest, with fingers at its edge."""
    half, top, low = generator.uniform(0.085, 0.11), -0.035, generator.uniform(0.13, 0.24)
    body = figure.on_front(smooth(box(-half, top, half, low), int(generator.integers(0, 3))))
    fingers = tuple(figure.on_front(oval((side * half * 0.85, low * 0.6), 0.018, 0.011)) for side in (-1.0, 1.0))
    return [Layer("held", (body,), sample_cloth(generator)), Layer("hand", fingers, look.skin)]


def _bottoms(figure: Figure, look: Look, generator: np.random.Generator) -> list[Layer]:
    cloth = garment_cloth(generator, look)
    if generator.uniform() < 0.6:
        return pants_layers(figure, cloth, generator.uniform(1.3, 3.5), generator)
    return skirt_layers(figure, cloth, generator.uniform(1.2, 3.5), generator)
