"""Views, activations and the heads on them, what is shown and submitted."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from apparel_eye.parameters.base import Area, Parameters, Seed, Share, Size

ColumnName = Literal["auto", "plain", "tta", "xgboost", "bags", "logistic", "perceptron", "blend"]


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
    reduction: Literal["map", "rows", "grid", "averages", "projection"] = Field(
        description="map: full resolution; rows: averages over the width, one a row; grid: averages over the cells of "
        "a grid; averages: average and maximum of each filter; projection: full resolution, fewer filters by a fixed "
        "random 1x1 projection"
    )
    grid: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = Field(
        strict=False, description="of grid: cells along height and width"
    )
    num_filters: int = Field(ge=1, description="of projection")
    seed: Seed = Field(description="of the drawn views and of the projection")


class ActivationsParameters(ExtractionParameters):
    """Feature maps to disk."""

    source: Literal["backbone", "folds", "part", "checkpoint"] = Field(
        description="backbone: the pretrained network, which has seen none of the photos; folds: for each training "
        "fold a network that was trained without it; part: one network that was trained without some training folds, "
        "heads are fitted on these; checkpoint: the trained network, in-fold, for comparison only"
    )
    held_out: int = Field(ge=1, description="of part: training folds that the network does not see")
    batch_size: int = Field(ge=1)
    on_change: Literal["refuse", "restart"] = Field(
        exclude=True, description="what is done with an unfinished array of other settings, photos or code"
    )


FeaturesName = Annotated[
    Literal["pooled", "map"], Field(description="pooled: as boost.pooling says; map: each place of each filter")
]


class WeightParameters(Parameters):
    """How much photos count when heads are fitted."""

    maybe_share: float = Field(ge=0, lt=1, description="of a photo's weight, for the values marked m")
    class_balance: Share = Field(description="0: photos count alike, 1: values do")


class BoosterParameters(Parameters):
    """Passed to XGBoost under its own names, but those with a description here.

    Rounds see some of the columns, a block of rounds at a time.
    """

    num_rounds: int = Field(ge=1, description="trees per class")
    seed: Seed = Field(description="of rows and columns that rounds draw")
    objective: Literal["classes", "order"] = Field(
        description="classes: values are different; order: a question for each step between two of them"
    )
    learning_rate: float = Field(gt=0)
    max_depth: int = Field(ge=1)
    subsample: float = Field(gt=0, le=1)
    colsample_bynode: float = Field(gt=0, le=1)
    max_bin: int = Field(ge=2)
    reg_lambda: float = Field(ge=0)
    block_rounds: int = Field(ge=1, description="rounds that share one random choice of columns")
    block_columns: float = Field(gt=0, le=1, description="share of the columns in that choice")
    kept_share: float = Field(ge=0, lt=1, description="of the photos, on which growing stops early; 0: no early stop")
    patience: int = Field(ge=1, description="blocks without a better loss on these photos, after which growing stops")

    @property
    def block_lengths(self) -> tuple[int, ...]:
        """Rounds of each block."""
        whole, rest = divmod(self.num_rounds, self.block_rounds)
        return (*[self.block_rounds] * whole, *([rest] if rest else []))

    def of_xgboost(self) -> dict[str, float]:
        """Those that XGBoost knows by the same names."""
        fields = BoosterParameters.model_fields.items()
        return {name: getattr(self, name) for name, field in fields if field.description is None}


class XGBoostParameters(BoosterParameters):
    """Boosters that may see all columns."""

    features: FeaturesName
    num_models: int = Field(ge=1, description="boosters that differ in their seed, probabilities averaged")


class BagParameters(BoosterParameters):
    """Boosters that see all places of a few filters each, probabilities averaged."""

    num_bags: int = Field(ge=1)
    num_filters: int = Field(ge=1, description="of a bag, drawn by importance")
    importance: Literal["weights", "gradient", "gain"] = Field(
        description="of a filter. weights: of a logistic regression, times spread; gradient: of the labelled value's "
        "logit, times activation; gain: of a small booster"
    )


class LogisticParameters(Parameters):
    """Multinomial logistic regression on standardized features."""

    features: FeaturesName
    C: float = Field(gt=0, description="inverse strength of the L2 penalty, scikit-learn's name")
    max_iterations: int = Field(ge=1)


class PerceptronParameters(Parameters):
    """A network of one hidden layer on standardized features."""

    features: FeaturesName
    hidden: int = Field(ge=1, description="units")
    penalty: float = Field(ge=0, description="L2, scikit-learn's alpha")
    learning_rate: float = Field(gt=0)
    num_epochs: int = Field(ge=1)
    seed: Seed


class BoostParameters(Parameters):
    """Heads on the activations."""

    pooling: Literal["rows", "averages", "grid"] = Field(
        description="of feature maps. rows: averages over the width; averages: average and maximum of each filter; "
        "grid: averages over 6 x 2 cells"
    )
    weights: WeightParameters
    xgboost: XGBoostParameters
    bags: BagParameters
    logistic: LogisticParameters
    perceptron: PerceptronParameters


class ReportParameters(Parameters):
    """What the report shows."""

    blend: tuple[Literal["plain", "tta", "xgboost", "bags", "logistic", "perceptron"], ...] = Field(
        strict=False, min_length=2, description="columns of which the column blend is the weighted mean"
    )
    num_mistakes: int = Field(ge=0, description="most confident mistakes in the gallery")
    precision: float = Field(
        gt=0, le=1, description="of the answers that are given; photos less sure are abstained from"
    )
    num_resamples: int = Field(ge=0, description="of validation photos, for the intervals of scores; 0: no intervals")


class SubmitParameters(Parameters):
    """Which column is submitted, and what it was fitted on."""

    column: ColumnName = Field(description="auto: the best on validation photos")
    refit: bool = Field(description="heads and boosters are fitted once more, on all labelled photos")


class EnsembleParameters(Parameters):
    """Several models together."""

    column: ColumnName = Field(description="of each member that is averaged; auto: the one that it submits")


class PredictParameters(Parameters):
    """A user's own photos."""

    column: ColumnName = Field(description="that answers; auto: the best on validation photos")
    on_change: Literal["refuse", "restart"] = Field(
        description="what happens to an unfinished table of other photos or models"
    )
    num_shown: int = Field(ge=1, description="photos on the contact sheet")
    num_heat_maps: int = Field(ge=0, description="photos on the sheet of what the network looked at")
