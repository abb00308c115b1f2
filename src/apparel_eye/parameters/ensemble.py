"""Several models together."""

from pydantic import Field

from apparel_eye.parameters.base import ColumnName, Parameters


class EnsembleParameters(Parameters):
    """Several models together."""

    column: ColumnName = Field(description="of each member that is averaged; auto: the one that it submits")
