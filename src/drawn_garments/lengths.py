"""Scenes for the length dimensions: each garment ends where the level says."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from drawn_garments.cloth import Cloth, Layer, sample_cloth
from drawn_garments.coats import cape_layers
from drawn_garments.figure import Figure, sample_figure
from drawn_garments.geometry import Points, box
from drawn_garments.labels import Sizes
from drawn_garments.scenes import Look, Outfit, Scene, dress_person, sample_look

FLAT_SHARE = 0.25


@dataclass(frozen=True)
class Length:
    """How a dimension of lengths is drawn.

    Attributes:
        worn: what a person wears, of which one garment ends at a level.
        flat: that garment without a body.
        sizes: levels at which values begin and end, of ``figure.Figure`` (0 waist, 1 crotch, 2 knee, 3 ankle, 4 floor).
        starts: heights at which pictures of a person begin.
        on_arms: whether it is about sleeves; levels are of the arm (0 shoulder, 1 elbow, 2 wrist).
        has_invisible: whether there are photos on which its end is not seen.
    """

    worn: Callable[[Figure, float, Look, np.random.Generator], Outfit]
    flat: Callable[[Figure, Cloth, float, Look, np.random.Generator], list[Layer]]
    sizes: Sizes
    starts: tuple[float, float, float] = (-0.01, 0.12, 0.25)
    on_arms: bool = False
    has_invisible: bool = True

    def scene(self, value: int, num_values: int, size: float, generator: np.random.Generator) -> Scene:
        """A scene with the garment ending at that level; of Invisible, the first value, its end cannot be seen."""
        flat = generator.uniform() < FLAT_SHARE
        figure = sample_figure(generator, worn=not flat)
        look = sample_look(generator)
        if flat:
            cloth = sample_cloth(generator, (look.backdrop,))
            return _flat_scene(figure, look, self.flat(figure, cloth, size, look, generator), generator, value == 0)
        outfit = self.worn(figure, size, look, generator)
        angle = generator.normal(0.0, 0.025)
        if value:
            layers = dress_person(figure, look, outfit, generator)
            return Scene(figure, layers, self._view(figure, size, generator), "worn", look.backdrop, angle)
        if self.on_arms:
            return _covered_scene(figure, look, outfit, generator)
        return _hidden_scene(figure, size, look, outfit, generator)

    def _view(self, figure: Figure, level: float, generator: np.random.Generator) -> Points:
        """What must be in the picture: the garment's end and enough of the body to measure it against."""
        if self.on_arms:
            top = generator.choice((-0.01, 0.1))
            bottom = generator.choice((0.56, 0.8, 1.01), p=(0.5, 0.25, 0.25))
            hands = np.concatenate(figure.arms)
            return np.vstack((hands, box(-0.12, top, 0.12, bottom)))
        side = np.concatenate([arm[:3] for arm in figure.arms])
        top = generator.choice(self.starts, p=(0.65, 0.15, 0.2))
        ends = [figure.height_at(mark) for mark in (1.3, 2.3, 3.3) if mark > level + 0.25]
        bottom = generator.choice(ends) if ends and generator.uniform() < 0.3 else 1.01
        left, right = min(side[:, 0].min(), -0.12), max(side[:, 0].max(), 0.12)
        return box(float(left), float(top), float(right), float(bottom))


def _flat_scene(
    figure: Figure, look: Look, garment: list[Layer], generator: np.random.Generator, hidden: bool
) -> Scene:
    """A garment that is laid flat or hung up; hidden, the picture ends above its end."""
    reach = np.concatenate([outline for layer in garment for outline in layer.outlines])
    angle = generator.normal(0.0, 0.07)
    if hidden:
        low = float(reach[:, 1].max()) - generator.uniform(0.06, 0.1)
        seen = reach[reach[:, 1] < low]
        return Scene(figure, tuple(garment), np.vstack((seen, (0.0, low - 0.02))), "flat", look.backdrop, keep="bottom")
    return Scene(figure, tuple(garment), reach, "flat", look.backdrop, angle)


def _covered_scene(figure: Figure, look: Look, outfit: Outfit, generator: np.random.Generator) -> Scene:
    """A cape lies over the sleeves."""
    outfit = outfit._replace(front=tuple(cape_layers(figure, sample_cloth(generator))))
    layers = dress_person(figure, look, outfit, generator)
    return Scene(figure, layers, box(-0.16, -0.01, 0.16, 0.7), "worn", look.backdrop)


def _hidden_scene(figure: Figure, level: float, look: Look, outfit: Outfit, generator: np.random.Generator) -> Scene:
    """The picture ends above the garment's end, or something stands before it."""
    end = figure.height_at(level) - generator.uniform(0.05, 0.1)
    if generator.uniform() < 0.65:
        layers = dress_person(figure, look, outfit, generator)
        top = min(generator.choice((-0.01, 0.12)), end - 0.2)
        return Scene(figure, layers, box(-0.13, top, 0.13, end), "worn", look.backdrop, keep="bottom")
    reach = generator.uniform(0.35, 1.2)
    surface = replace(sample_cloth(generator), period=0.06)
    screen = Layer("screen", (box(-reach, end, reach, 1.5),), surface)
    layers = dress_person(figure, look, outfit._replace(front=(screen,)), generator)
    return Scene(figure, layers, box(-0.14, -0.01, 0.14, max(end + 0.1, 0.8)), "worn", look.backdrop)
