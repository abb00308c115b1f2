"""Who answers, and what it was fitted on."""

from pydantic import Field

from apparel_eye.parameters.base import Parameters
from apparel_eye.parameters.candidates import CandidateName


class SubmitParameters(Parameters):
    """Which candidate is submitted, and what it was fitted on."""

    candidate: CandidateName = Field(description="auto: the best on validation photos")
    refit: bool = Field(description="heads and boosters are fitted once more, on all labelled photos")
