"""Scenes for the four length dimensions: each garment ends where the level says."""

from dataclasses import replace

import numpy as np

from drawn_garments.cloth import Layer, sample_cloth
from drawn_garments.coats import cape_layers
from drawn_garments.figure import Figure, sample_figure
from drawn_garments.flat import flat_scene
from drawn_garments.geometry import Points, box
from drawn_garments.outfits import OUTFITS
from drawn_garments.scenes import Look, Outfit, Scene, dress_person, sample_look

FLAT_SHARE = 0.25


def length_scene(category: str, level: float, generator: np.random.Generator, *, hidden: bool) -> Scene:
    """A scene with the category's garment ending at ``level``; hidden, its end cannot be seen."""
    flat = generator.uniform() < FLAT_SHARE
    figure = sample_figure(generator, worn=not flat)
    look = sample_look(generator)
    if flat:
        return flat_scene(category, figure, level, look, generator, hidden=hidden)
    outfit = OUTFITS[category](figure, level, look, generator)
    angle = generator.normal(0.0, 0.025)
    if not hidden:
        layers = dress_person(figure, look, outfit, generator)
        return Scene(figure, layers, _view(category, figure, level, generator), "worn", look.backdrop, angle)
    return _hidden_scene(category, figure, level, look, outfit, generator)


def _hidden_scene(
    category: str, figure: Figure, level: float, look: Look, outfit: Outfit, generator: np.random.Generator
) -> Scene:
    """The picture ends above the garment's end, or something stands before it."""
    if category == "sleeve_length":
        outfit = outfit._replace(front=tuple(cape_layers(figure, sample_cloth(generator))))
        layers = dress_person(figure, look, outfit, generator)
        return Scene(figure, layers, box(-0.16, -0.01, 0.16, 0.7), "worn", look.backdrop)
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


def _view(category: str, figure: Figure, level: float, generator: np.random.Generator) -> Points:
    """What must be in the picture: the garment's end and enough of the body to measure it against."""
    side = np.concatenate([arm[:3] for arm in figure.arms])
    if category == "sleeve_length":
        top = generator.choice((-0.01, 0.1))
        bottom = generator.choice((0.56, 0.8, 1.01), p=(0.5, 0.25, 0.25))
        hands = np.concatenate(figure.arms)
        return np.vstack((hands, box(-0.12, top, 0.12, bottom)))
    starts = (-0.01, 0.12, 0.12) if category == "coat_length" else (-0.01, 0.12, 0.25)
    top = generator.choice(starts, p=(0.65, 0.15, 0.2))
    ends = [figure.height_at(mark) for mark in (1.3, 2.3, 3.3) if mark > level + 0.25]
    bottom = generator.choice(ends) if ends and generator.uniform() < 0.3 else 1.01
    left, right = min(side[:, 0].min(), -0.12), max(side[:, 0].max(), 0.12)
    return box(float(left), float(top), float(right), float(bottom))
