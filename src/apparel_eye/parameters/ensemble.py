"""Several models together."""

from pydantic import Field

from apparel_eye.parameters.base import Parameters
from apparel_eye.parameters.candidates import CandidateName


class EnsembleParameters(Parameters):
    """Several models together."""

    candidate: CandidateName = Field(description="of each member that is averaged; auto: the one that it submits")
