"""Answers for a user's own photos."""

from typing import Literal

from pydantic import Field

from apparel_eye.parameters.base import Parameters
from apparel_eye.parameters.candidates import CandidateName


class PredictParameters(Parameters):
    """A user's own photos."""

    candidate: CandidateName = Field(description="that answers; auto: the best on validation photos")
    on_change: Literal["refuse", "restart"] = Field(
        description="what happens to an unfinished table of other photos or models"
    )
    num_shown: int = Field(ge=1, description="photos on the contact sheet")
    num_heat_maps: int = Field(ge=0, description="photos on the sheet of what the network looked at")
