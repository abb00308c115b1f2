"""A scene: the layers of one picture from back to front, and what of it the camera takes."""

from typing import NamedTuple

import numpy as np

from drawn_garments.body import arm_layers, bag_layers, leg_layers, shoe_layers, skin_layers
from drawn_garments.cloth import Cloth, Color, Layer, muted, sample_cloth, sample_color, sample_skin, shade
from drawn_garments.figure import Figure
from drawn_garments.geometry import Points, oval
from drawn_garments.head import hair_behind, hair_cloth, head_layers


class Scene(NamedTuple):
    """What is drawn. ``keep`` names the picture's edge that cuts exactly at the wanted points, see fit_frame."""

    figure: Figure
    layers: tuple[Layer, ...]
    wanted: Points
    domain: str
    backdrop: Color
    angle: float = 0.0
    keep: str = ""


class Outfit(NamedTuple):
    """Garments of one person: over the body but under the arms, over the arms, and in front of all."""

    body: tuple[Layer, ...]
    arms: tuple[Layer, ...] = ()
    front: tuple[Layer, ...] = ()


class Look(NamedTuple):
    """A person's own colors, and those of the legs: bare or in tights."""

    skin: Cloth
    hair: Cloth
    legs: Cloth
    backdrop: Color

    @property
    def colors(self) -> tuple[Color, ...]:
        return self.skin.color, self.legs.color


def sample_look(generator: np.random.Generator) -> Look:
    skin = sample_skin(generator)
    tights = Cloth(shade(sample_color(generator), 0.6), sheen=0.35)
    legs = tights if generator.uniform() < 0.3 else skin
    backdrop = muted(sample_color(generator), generator.uniform(110, 200))
    return Look(skin, hair_cloth(generator), legs, backdrop)


def dress_person(figure: Figure, look: Look, outfit: Outfit, generator: np.random.Generator) -> tuple[Layer, ...]:
    """All layers of a dressed person from back to front."""
    ground = Cloth((30, 30, 34), flat=True)
    shadow = Layer("ground", (oval((0.01, 1.0), 0.1, 0.008),), ground)
    behind = hair_behind(figure, look.hair, generator)
    below = leg_layers(figure, look.legs) + shoe_layers(figure, generator, look.colors)
    trunk = skin_layers(figure, look.skin)
    head = head_layers(figure, look.skin, look.hair, generator)
    bag = bag_layers(figure, generator) if generator.uniform() < 0.3 else []
    arms = arm_layers(figure, look.skin)
    layers = (shadow, *behind, *below, *trunk, *outfit.body, *arms, *outfit.arms, *head, *bag)
    return (*layers, *outfit.front)


def garment_cloth(generator: np.random.Generator, look: Look, *others: Color) -> Cloth:
    """A cloth that can be told from the skin, the legs and the other garments named."""
    return sample_cloth(generator, (*look.colors, *others))
