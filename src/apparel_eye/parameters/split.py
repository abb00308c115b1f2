"""Who may see which photo."""

from typing import Literal

from pydantic import Field, model_validator

from apparel_eye.parameters.base import Parameters, Seed


class SplitParameters(Parameters):
    """Grouped, stratified folds; one of them validates, the others train."""

    num_folds: int = Field(ge=2)
    validation_fold: int = Field(ge=0)
    rare_values: Literal["stop", "leave_out"] = Field(description="values with fewer photos than there are folds")
    num_halves: int = Field(
        ge=2, description="halves of the validation fold, or more: each is scored by what was selected on the others"
    )
    seed: Seed

    @model_validator(mode="after")
    def _validation_fold_exists(self) -> "SplitParameters":
        if self.validation_fold >= self.num_folds:
            raise ValueError(f"validation_fold is {self.validation_fold}; give one from 0 to {self.num_folds - 1}")
        return self
