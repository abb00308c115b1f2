"""Which sizes stand for which value, and how a size is written as a label string."""

import numpy as np

from apparel_eye.attributes import DIMENSIONS

# Edges between the values from index 1 on. Lengths are levels of figure.Figure (skirt, coat, pant: 0 waist, 1 crotch,
# 2 knee, 3 ankle, 4 floor) or of its arm (sleeve: 0 shoulder, 1 elbow, 2 wrist). Real labels were made by eye along the
# same landmarks; the numbers here are ours.
LENGTH_EDGES: dict[str, tuple[float, ...]] = {
    "coat_length": (-0.5, 0.2, 0.68, 1.06, 1.45, 2.05, 2.7, 3.6),
    "pant_length": (1.2, 1.55, 2.0, 2.5, 2.9, 3.6),
    "skirt_length": (1.12, 1.72, 2.14, 2.64, 3.05, 3.75),
    "sleeve_length": (-0.2, 0.06, 0.3, 0.68, 1.12, 1.5, 1.8, 2.08, 2.42),
}

# Look-alikes among the designs differ in one size: (smaller value, larger value) -> edges of that size.
LOOK_ALIKES: dict[str, tuple[tuple[int, int], tuple[float, float, float]]] = {
    "collar_design": ((2, 3), (0.022, 0.041, 0.068)),  # breadth of a flat collar
    "lapel_design": ((3, 4), (0.018, 0.034, 0.062)),  # breadth of a shawl collar
    "neck_design": ((3, 1), (0.011, 0.027, 0.046)),  # height of a turtle neck
    "neckline_design": ((4, 2), (0.055, 0.105, 0.2)),  # depth of a V
}

LENGTH_MARGIN = 0.035  # of the interval: nearer to an edge than that, an annotator would not exclude the neighbor
DESIGN_MARGIN = 0.015


def sample_size(category: str, value: int, generator: np.random.Generator) -> tuple[float, str]:
    """Draw the size that makes the value, and write the label string: ``m`` where it nearly is the neighboring value.

    A value that no size tells apart gets a size of 0. Invisible gets the size of any other value: it is hidden later.
    """
    num_values = len(DIMENSIONS[category])
    if category in LENGTH_EDGES:
        values: tuple[int, ...] = tuple(range(1, num_values))
        edges: tuple[float, ...] = LENGTH_EDGES[category]
        margin = LENGTH_MARGIN
    else:
        values, edges = LOOK_ALIKES[category]
        margin = DESIGN_MARGIN
    if value != 0 and value not in values:
        return 0.0, write_label(num_values, value)
    place = int(generator.integers(len(values))) if value == 0 else values.index(value)
    share = generator.uniform()
    size = float(edges[place] + share * (edges[place + 1] - edges[place]))
    neighbor = place - 1 if share < margin else place + 1 if share > 1 - margin else place
    maybe = values[neighbor] if value and neighbor != place and 0 <= neighbor < len(values) else None
    return size, write_label(num_values, value, maybe)


def write_label(num_values: int, value: int, maybe: int | None = None) -> str:
    marks = {value: "y"} if maybe is None else {maybe: "m", value: "y"}
    return "".join(marks.get(index, "n") for index in range(num_values))
