"""A person's proportions and pose: the landmarks that lengths are measured against."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from drawn_garments.geometry import FloatArray, Points, points

# Heights of landmarks as shares of the body's height, head first: an adult is about 7.5 heads tall.
NECK, SHOULDER, BUST, WAIST, HIP, CROTCH, KNEE, ANKLE, SOLE = 0.163, 0.185, 0.275, 0.385, 0.465, 0.5, 0.72, 0.94, 1.0


@dataclass(frozen=True)
class Figure:
    """Joints and widths of one person, in body units.

    A level is a height along the body: 0 is the waist, 1 the crotch, 2 the knee, 3 the ankle, 4 the floor, -1 the bust.
    """

    heights: FloatArray  # of bust, waist, crotch, knee, ankle, sole
    torso_knots: Points  # rows of (height, half width), neck first
    neck: tuple[float, float]
    pelvis: tuple[float, float]
    turn: float  # of the body to the side: -1 to 1
    arms: tuple[Points, Points]  # shoulder, elbow, wrist, end of the hand
    legs: tuple[Points, Points]  # hip, knee, ankle
    girth: float

    def height_at(self, level: float) -> float:
        return float(np.interp(level, np.arange(-1.0, 5.0), self.heights))

    def center(self, height: FloatArray | float) -> FloatArray:
        knots = (self.neck[1], self.pelvis[1])
        return np.asarray(np.interp(height, knots, (self.neck[0], self.pelvis[0])))

    def half_width(self, height: FloatArray | float) -> FloatArray:
        return np.asarray(np.interp(height, self.torso_knots[:, 0], self.torso_knots[:, 1]))

    def leg_edges(self, height: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Leftmost and rightmost x of the two legs at each height."""
        middles = [np.interp(height, leg[:, 1], leg[:, 0]) for leg in self.legs]
        knots = (self.heights[2], self.heights[3], self.heights[4])
        radius = np.interp(height, knots, self.girth * np.array([0.045, 0.033, 0.022]))
        return np.minimum(*middles) - radius, np.maximum(*middles) + radius

    def on_front(self, outline: Points) -> Points:
        """Move points given relative to the middle of the neck's base onto the front of the body."""
        height = outline[:, 1] + self.neck[1]
        sideways = outline[:, 0] * (1.0 - 0.15 * abs(self.turn)) + 0.022 * self.turn
        return np.column_stack((self.center(height) + sideways, height))


def sample_figure(generator: np.random.Generator, *, worn: bool, bent_arms: float = 0.15) -> Figure:
    """A random person in a random pose; not worn, the garment is laid out: upright, symmetric, arms to the sides.

    ``bent_arms`` is how often a forearm lies across the chest.
    """
    heights = _sample_heights(generator)
    lean = generator.normal(0.0, 0.012) if worn else 0.0
    turn = float(np.clip(generator.normal(0.0, 0.4), -0.9, 0.9)) if worn else 0.0
    girth = generator.uniform(0.9, 1.22) if worn else generator.uniform(1.12, 1.3)
    masculine = generator.uniform(0.0, 1.0)
    knots = _torso_knots(heights, girth * (1 - 0.16 * abs(turn)), masculine)
    neck, pelvis = (lean, NECK), (-lean * 0.5, heights[2] - 0.03)
    pose_arms = partial(_pose_arms, bent=bent_arms) if worn else _lay_arms
    pose_legs = _pose_legs if worn else _lay_legs
    return Figure(
        heights=heights,
        torso_knots=knots,
        neck=neck,
        pelvis=pelvis,
        turn=turn,
        arms=pose_arms(generator, neck[0], knots[1, 1], generator.uniform(0.95, 1.06)),
        legs=pose_legs(generator, pelvis[0], heights, girth),
        girth=girth,
    )


def _sample_heights(generator: np.random.Generator) -> FloatArray:
    waist = WAIST + generator.normal(0.0, 0.008)
    crotch = CROTCH + generator.normal(0.0, 0.01)
    knee = KNEE + generator.normal(0.0, 0.01)
    return np.array([BUST, waist, crotch, knee, ANKLE, SOLE])


def _torso_knots(heights: FloatArray, girth: float, masculine: float) -> Points:
    waist, crotch = heights[1], heights[2]
    return points(
        (NECK, 0.034 * girth),
        (SHOULDER, (0.09 + 0.018 * masculine) * girth),
        (BUST - 0.03, (0.086 + 0.012 * masculine) * girth),
        (BUST, (0.086 + 0.01 * masculine) * girth),
        (waist, (0.066 + 0.016 * masculine) * girth),
        (crotch - 0.035, (0.094 - 0.01 * masculine) * girth),
        (crotch, (0.095 - 0.01 * masculine) * girth),
    )


def _arm(shoulder: tuple[float, float], upper: float, lower: float, size: float, side: float) -> Points:
    """An arm whose parts point ``upper`` and ``lower`` radians outward from straight down."""
    joints = [np.asarray(shoulder)]
    for angle, length in ((upper, 0.165), (lower, 0.145), (lower, 0.075)):
        joints.append(joints[-1] + size * length * np.array([side * np.sin(angle), np.cos(angle)]))
    return np.stack(joints)


def _both_sides(arm: Callable[[float], Points]) -> tuple[Points, Points]:
    return arm(-1.0), arm(1.0)


def _pose_arms(
    generator: np.random.Generator, middle: float, shoulder: float, size: float, *, bent: float
) -> tuple[Points, Points]:
    def pose(side: float) -> Points:
        start = (middle + side * (shoulder - 0.016), SHOULDER + 0.012)
        hanging = generator.uniform(0.06, 0.35)
        kind = generator.choice(("hanging", "hip", "bent", "away"), p=(0.7 - bent, 0.15, bent, 0.15))
        upper, lower = {
            "hanging": (hanging, hanging + generator.uniform(-0.3, 0.12)),
            "hip": (generator.uniform(0.55, 0.9), generator.uniform(-0.9, -0.6)),
            "bent": (generator.uniform(0.05, 0.3), generator.uniform(-2.2, -1.2)),
            "away": (generator.uniform(0.3, 0.7), generator.uniform(0.3, 1.3)),
        }[str(kind)]
        return _arm(start, upper, lower, size, side)

    return _both_sides(pose)


def _lay_arms(generator: np.random.Generator, middle: float, shoulder: float, size: float) -> tuple[Points, Points]:
    upper = generator.uniform(0.12, 0.95)
    lower = upper + generator.uniform(-0.2, 0.1)

    def lay(side: float) -> Points:
        return _arm((middle + side * (shoulder - 0.016), SHOULDER + 0.012), upper, lower, size, side)

    return _both_sides(lay)


def _pose_legs(
    generator: np.random.Generator, middle: float, heights: FloatArray, girth: float
) -> tuple[Points, Points]:
    apart = generator.choice((0.0, 0.02, 0.05), p=(0.4, 0.4, 0.2)) + generator.uniform(0.0, 0.02)
    legs = []
    for side in (-1.0, 1.0):
        hip = middle + side * 0.048 * girth
        knee = hip + side * (apart * 0.5 - 0.008) + generator.normal(0.0, 0.008)
        ankle = hip + side * (apart - 0.014) + generator.normal(0.0, 0.012)
        step = generator.uniform(-0.012, 0.008)
        legs.append(points((hip, heights[2] - 0.03), (knee, heights[3] + step * 0.4), (ankle, heights[4] + step)))
    return legs[0], legs[1]


def _lay_legs(
    generator: np.random.Generator, middle: float, heights: FloatArray, girth: float
) -> tuple[Points, Points]:
    apart = generator.uniform(0.0, 0.09)

    def lay(side: float) -> Points:
        hip = middle + side * 0.048 * girth
        knee, ankle = hip + side * apart * 0.5, hip + side * apart
        return points((hip, heights[2] - 0.03), (knee, heights[3]), (ankle, heights[4]))

    return _both_sides(lay)
