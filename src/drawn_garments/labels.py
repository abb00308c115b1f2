"""Which sizes stand for which value, and how a size is written as a label string."""

from typing import NamedTuple

import numpy as np

LENGTH_MARGIN = 0.035  # of the interval: nearer to an edge than that, an annotator would not exclude the neighbor
DESIGN_MARGIN = 0.015


class Sizes(NamedTuple):
    """A size that tells some of the values apart.

    Attributes:
        values: these, from the smallest to the largest.
        edges: where they begin and end, one more than values.
        margin: of an interval, within which the neighbor may be right, too.
    """

    values: tuple[int, ...]
    edges: tuple[float, ...]
    margin: float


def lengths(*edges: float) -> Sizes:
    """Of all values but the first, Invisible. Real labels were made by eye along landmarks; the numbers are ours."""
    return Sizes(tuple(range(1, len(edges))), edges, LENGTH_MARGIN)


def look_alikes(smaller: int, larger: int, edges: tuple[float, float, float]) -> Sizes:
    """Of two values that differ in nothing else."""
    return Sizes((smaller, larger), edges, DESIGN_MARGIN)


def sample_size(num_values: int, value: int, sizes: Sizes | None, generator: np.random.Generator) -> tuple[float, str]:
    """Draw the size that makes the value, and write the label string: ``m`` where it nearly is the neighboring value.

    A value that no size tells apart gets a size of 0. Invisible gets the size of any other value: it is hidden later.
    """
    if sizes is None or (value and value not in sizes.values):
        return 0.0, write_label(num_values, value)
    values, edges, margin = sizes
    place = int(generator.integers(len(values))) if value == 0 else values.index(value)
    share = generator.uniform()
    size = float(edges[place] + share * (edges[place + 1] - edges[place]))
    neighbor = place - 1 if share < margin else place + 1 if share > 1 - margin else place
    maybe = values[neighbor] if value and neighbor != place and 0 <= neighbor < len(values) else None
    return size, write_label(num_values, value, maybe)


def write_label(num_values: int, value: int, maybe: int | None = None) -> str:
    marks = {value: "y"} if maybe is None else {maybe: "m", value: "y"}
    return "".join(marks.get(index, "n") for index in range(num_values))
