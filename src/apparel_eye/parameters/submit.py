"""Who answers, and what it was fitted on."""

from pydantic import Field

from apparel_eye.parameters.base import ColumnName, Parameters


class SubmitParameters(Parameters):
    """Which column is submitted, and what it was fitted on."""

    column: ColumnName = Field(description="auto: the best on validation photos")
    refit: bool = Field(description="heads and boosters are fitted once more, on all labelled photos")
