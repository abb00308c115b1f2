"""The heads on the activations."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from apparel_eye.parameters.base import Parameters, Seed, Share
from apparel_eye.parameters.choices import Choice

FeaturesName = Annotated[
    Literal["pooled", "map"], Field(description="pooled: as boost.pooling says; map: each place of each filter")
]


class WeightParameters(Parameters):
    """How much photos count when heads are fitted."""

    maybe_share: float = Field(ge=0, lt=1, description="of a photo's weight, for the values marked m")
    class_balance: Share = Field(description="0: photos count alike, 1: values do")


class ClassifierParameters(Parameters):
    """Of a head on activations; each field of ``BoostParameters`` that has such a model is a head."""


class BlockParameters(ClassifierParameters):
    """Rounds see some of the columns, a block of rounds at a time."""

    num_rounds: int = Field(ge=1, description="trees per class")
    seed: Seed = Field(description="of rows and columns that rounds draw")
    block_rounds: int = Field(ge=1, description="rounds that share one random choice of columns")
    block_columns: float = Field(gt=0, le=1, description="share of the columns in that choice")

    @property
    def block_lengths(self) -> tuple[int, ...]:
        """Rounds of each block."""
        whole, rest = divmod(self.num_rounds, self.block_rounds)
        return (*[self.block_rounds] * whole, *([rest] if rest else []))

    def passed_on(self) -> dict[str, float]:
        """Those without a description here, which the booster's library knows by the same names."""
        fields = type(self).model_fields.items()
        return {name: getattr(self, name) for name, field in fields if field.description is None}


class BoosterParameters(BlockParameters):
    """Passed to XGBoost under its own names, but those with a description here."""

    objective: Literal["classes", "order"] = Field(
        description="classes: values are different; order: a question for each step between two of them"
    )
    learning_rate: float = Field(gt=0)
    max_depth: int = Field(ge=1)
    subsample: float = Field(gt=0, le=1)
    colsample_bynode: float = Field(gt=0, le=1)
    max_bin: int = Field(ge=2)
    reg_lambda: float = Field(ge=0)
    kept_share: float = Field(ge=0, lt=1, description="of the photos, on which growing stops early; 0: no early stop")
    patience: int = Field(ge=1, description="blocks without a better loss on these photos, after which growing stops")


class XGBoostParameters(BoosterParameters):
    """Boosters that may see all columns."""

    features: FeaturesName
    num_models: int = Field(ge=1, description="boosters that differ in their seed, probabilities averaged")


class BagParameters(BoosterParameters):
    """Boosters that see all places of a few filters each, probabilities averaged."""

    features: ClassVar[str] = "map"
    num_bags: int = Field(ge=1, description="whose probabilities are averaged")
    num_filters: int = Field(ge=1, description="of a bag, drawn by importance")
    importance: Annotated[str, Choice("classifiers.importance", "IMPORTANCES")] = Field(description="of a filter")


class LogisticParameters(ClassifierParameters):
    """Multinomial logistic regression on standardized features."""

    features: FeaturesName
    C: float = Field(gt=0, description="inverse strength of the L2 penalty, scikit-learn's name")
    max_iterations: int = Field(ge=1)


class PerceptronParameters(ClassifierParameters):
    """A network of one hidden layer on standardized features."""

    features: FeaturesName
    hidden: int = Field(ge=1, description="units")
    penalty: float = Field(ge=0, description="L2, scikit-learn's alpha")
    learning_rate: float = Field(gt=0)
    num_epochs: int = Field(ge=1)
    seed: Seed


class LightGBMParameters(BlockParameters):
    """Passed to LightGBM under its own names, but those with a description here."""

    features: FeaturesName
    num_models: int = Field(ge=1, description="boosters that differ in their seed, probabilities averaged")
    learning_rate: float = Field(gt=0)
    num_leaves: int = Field(ge=2)
    min_data_in_leaf: int = Field(ge=0)
    bagging_fraction: float = Field(gt=0, le=1)
    feature_fraction_bynode: float = Field(gt=0, le=1)
    lambda_l2: float = Field(ge=0)
    max_bin: int = Field(ge=2)


class BoostParameters(Parameters):
    """Heads on the activations."""

    pooling: Annotated[str, Choice("activations.pooling", "POOLINGS")] = Field(description="of feature maps")
    weights: WeightParameters
    xgboost: XGBoostParameters
    bags: BagParameters
    logistic: LogisticParameters
    perceptron: PerceptronParameters
    lightgbm: LightGBMParameters


HEADS: tuple[str, ...] = tuple(
    name
    for name, field in BoostParameters.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, ClassifierParameters)
)
"""Names of the heads, which are candidates."""
