"""What is shown of a run."""

from pydantic import Field

from apparel_eye.parameters.base import Parameters
from apparel_eye.parameters.candidates import MixedName


class ReportParameters(Parameters):
    """What the report shows."""

    blend: tuple[MixedName, ...] = Field(
        strict=False, min_length=2, description="candidates of which the candidate blend is the weighted mean"
    )
    num_mistakes: int = Field(ge=0, description="most confident mistakes in the gallery")
    precision: float = Field(
        gt=0, le=1, description="of the answers that are given; photos less sure are abstained from"
    )
    num_resamples: int = Field(ge=0, description="of validation photos, for the intervals of scores; 0: no intervals")
