"""Feature maps to disk."""

from typing import Annotated, Literal

from pydantic import Field

from apparel_eye.parameters.base import Area, Parameters, Seed, Size
from apparel_eye.parameters.choices import Choice


class ExtractionParameters(Parameters):
    """What decides on the numbers of a photo's activations, whichever photos lie beside it."""

    size: Size | Area = Field(
        description="height and width, or an area in pixels with the category's median side ratio"
    )
    level: int = Field(
        description="timm's feature level, counted from the stem, negative from the end; -1: the last feature map, as "
        "the network's own classifier has it"
    )
    views: tuple[Literal["plain", "mirrored"], ...] = Field(strict=False, min_length=1)
    num_drawn: int = Field(ge=0, description="training-style views beside them, drawn for each photo")
    reduction: Annotated[str, Choice("activations.reductions", "REDUCTIONS")] = Field(
        description="what is kept of feature maps"
    )
    grid: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = Field(
        strict=False, description="of grid: cells along height and width"
    )
    num_filters: int = Field(ge=1, description="of projection")
    seed: Seed = Field(description="of the drawn views and of the projection")


class ActivationsParameters(ExtractionParameters):
    """Feature maps to disk.

    What is excluded from the whole is an input of its own of the node that uses it, or changes no result.
    """

    source: Literal["backbone", "folds", "part", "checkpoint"] = Field(
        exclude=True,
        description="backbone: the pretrained network, which has seen none of the photos; folds: for each training "
        "fold a network that was trained without it; part: one network that was trained without some training folds, "
        "heads are fitted on these; checkpoint: the trained network, in-fold, for comparison only",
    )
    held_out: int = Field(ge=1, exclude=True, description="of part: training folds that the network does not see")
    batch_size: int = Field(ge=1)
    on_change: Literal["refuse", "restart"] = Field(
        exclude=True, description="what is done with an unfinished array of other settings, photos or code"
    )
