"""Several models together."""

from pydantic import Field

from apparel_eye.parameters.base import CandidateName, Parameters


class EnsembleParameters(Parameters):
    """Several models together."""

    candidate: CandidateName = Field(description="of each member that is averaged; auto: the one that it submits")
