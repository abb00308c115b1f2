"""Views, activations and the heads on them, what is shown and submitted."""

from typing import Literal

from pydantic import Field, model_validator

from apparel_eye.parameters.base import Area, Parameters, Seed, Share, Size


class InferParameters(Parameters):
    """Test-time augmentation: the plain photo and some of the training-style views, probabilities averaged."""

    num_views: int = Field(ge=0, description="training-style views there are")
    num_drawn: int = Field(ge=0, description="of them, drawn for each photo")
    mirrored: bool = Field(description="whether the mirrored photo is a view, too")
    plain_weight: float = Field(ge=0, description="of the plain photo; each other view weighs 1")
    batch_size: int = Field(ge=1)
    seed: Seed

    def plain(self) -> "InferParameters":
        """The plain photo alone."""
        return self.model_copy(update={"num_drawn": 0, "mirrored": False, "plain_weight": 1.0})

    @model_validator(mode="after")
    def _enough_views(self) -> "InferParameters":
        if self.num_drawn > self.num_views:
            raise ValueError(f"num_drawn is {self.num_drawn}, but there are {self.num_views} views; draw fewer")
        if not self.plain_weight and not self.num_drawn and not self.mirrored:
            raise ValueError("plain_weight is 0, and there are no other views; draw some")
        return self


class ActivationsParameters(Parameters):
    """Last feature maps to disk."""

    source: Literal["backbone"] = Field(
        description="backbone: the pretrained network, which has seen none of the photos"
    )
    size: Size | Area = Field(
        description="height and width, or an area in pixels with the category's median side ratio"
    )
    views: tuple[Literal["plain", "mirrored"], ...] = Field(strict=False, min_length=1)
    batch_size: int = Field(ge=1)


class XGBoostParameters(Parameters):
    """Passed to XGBoost under its own names, but those with a description here."""

    num_rounds: int = Field(ge=1, description="trees per class")
    num_models: int = Field(ge=1, description="boosters that differ in their seed, probabilities averaged")
    seed: Seed
    block_rounds: int = Field(ge=1, description="rounds that share one random choice of columns")
    block_columns: float = Field(gt=0, le=1, description="share of the columns in that choice")
    learning_rate: float = Field(gt=0)
    max_depth: int = Field(ge=1)
    subsample: float = Field(gt=0, le=1)
    colsample_bynode: float = Field(gt=0, le=1)
    max_bin: int = Field(ge=2)
    reg_lambda: float = Field(ge=0)


class LogisticParameters(Parameters):
    """Multinomial logistic regression on standardized features."""

    C: float = Field(gt=0, description="inverse strength of the L2 penalty, scikit-learn's name")
    max_iterations: int = Field(ge=1)


class BoostParameters(Parameters):
    """Heads on the activations."""

    maybe_share: Share = Field(description="of a photo's weight in training that goes to the values marked m")
    xgboost: XGBoostParameters
    logistic: LogisticParameters


class ReportParameters(Parameters):
    """What the report shows."""

    num_mistakes: int = Field(ge=0, description="most confident mistakes in the gallery")
    precision: float = Field(
        gt=0, le=1, description="of the answers that are given; photos less sure are abstained from"
    )
    num_resamples: int = Field(ge=0, description="of validation photos, for the intervals of scores; 0: no intervals")


class SubmitParameters(Parameters):
    """Which column is submitted, and what it was fitted on."""

    column: Literal["auto", "plain", "tta", "xgboost", "logistic"] = Field(
        description="auto: the best on validation photos"
    )
    refit: bool = Field(description="heads and boosters are fitted once more, on all labelled photos")


class EnsembleParameters(Parameters):
    """Several models together."""

    column: Literal["auto", "plain", "tta", "xgboost", "logistic"] = Field(
        description="of each member that is averaged; auto: the one that it submits"
    )


class PredictParameters(Parameters):
    """A user's own photos."""

    column: Literal["auto", "plain", "tta", "xgboost", "logistic"] = Field(
        description="that answers; auto: the best on validation photos"
    )
    on_change: Literal["refuse", "restart"] = Field(
        description="what happens to an unfinished table of other photos or models"
    )
    num_shown: int = Field(ge=1, description="photos on the contact sheet")
    num_heat_maps: int = Field(ge=0, description="photos on the sheet of what the network looked at")
