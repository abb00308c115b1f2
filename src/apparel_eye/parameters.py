"""Every parameter as a frozen model that refuses unknown keys; defaults stand in ``conf/base/parameters``."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Size = tuple[Annotated[int, Field(ge=16)], Annotated[int, Field(ge=16)]]
ResizeMode = Literal["squash", "pad"]
Seed = Annotated[int, Field(ge=0)]


class Parameters(BaseModel):
    """Frozen; a misspelt key is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class IngestParameters(Parameters):
    """Which files are photos, and how many bad ones a run survives."""

    formats: tuple[Literal["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"], ...]
    max_pixels: int = Field(ge=1, description="per photo, checked before it is decoded")
    min_side: int = Field(ge=1, description="pixels")
    max_side_ratio: float = Field(ge=1, description="long side to short side")
    max_quarantine_share: Share


class SplitParameters(Parameters):
    """Grouped, stratified folds; one of them validates, the others train."""

    num_folds: int = Field(ge=2)
    validation_fold: int = Field(ge=0)
    num_parts: int = Field(ge=2, description="parts of the validation fold, for scores of what was selected on it")
    seed: Seed

    @model_validator(mode="after")
    def _validation_fold_exists(self) -> "SplitParameters":
        if self.validation_fold >= self.num_folds:
            raise ValueError(f"validation_fold is {self.validation_fold}; give one from 0 to {self.num_folds - 1}")
        return self


class AugmentationParameters(Parameters):
    """What training sees instead of the photo itself, drawn afresh for each photo in each epoch."""

    max_zoom: float | Literal["auto"] = Field(description="about the center; auto: 1.0 for lengths, 1.1 else")
    zoom_share: Share
    max_rotation: float = Field(ge=0, le=180, description="degrees")
    max_brightness: Share
    max_contrast: Share
    flip_share: Share

    def for_category(self, is_length: bool) -> "AugmentationParameters":
        """A zoom cuts off hems, so lengths are not zoomed unless a number says so."""
        zoom = (1.0 if is_length else 1.1) if self.max_zoom == "auto" else self.max_zoom
        return self.model_copy(update={"max_zoom": zoom})


class HeadParameters(Parameters):
    """Layers from the last feature map to the values."""

    pooling: Literal["averages", "rows"] = Field(
        description="averages: average and maximum of each filter (the write-up's); rows: averages over the width only"
    )
    hidden: tuple[Annotated[int, Field(ge=1)], ...]
    input_dropout: Share
    dropout: Share


class PhaseParameters(Parameters):
    """Cosine annealing with warm restarts (SGDR, arXiv:1608.03983); no cycles: the phase is left out."""

    learning_rate: float = Field(gt=0, description="of the head, at the start of a cycle")
    num_cycles: int = Field(ge=0)
    cycle_epochs: int = Field(ge=1)
    cycle_multiplier: int = Field(ge=1)

    @property
    def cycle_lengths(self) -> tuple[int, ...]:
        """Epochs of each cycle."""
        return tuple(self.cycle_epochs * self.cycle_multiplier**i for i in range(self.num_cycles))

    @property
    def epochs(self) -> int:
        """Length of all cycles together; training never stops inside a cycle."""
        return sum(self.cycle_lengths)


class StageParameters(Parameters):
    """One image size: first the head alone, then all layers."""

    size: Size | int = Field(description="height and width, or an area in pixels with the category's median side ratio")
    num_views: int = Field(ge=1, description="drawn views of each photo whose features the head is trained on")
    head: PhaseParameters
    all: PhaseParameters


class StagesParameters(Parameters):
    """The stages; the tuple in ``pipelines/train/pipeline.py`` names them in order."""

    small: StageParameters
    medium: StageParameters
    large: StageParameters


class TrainParameters(Parameters):
    """Transfer learning from small to large photos."""

    backbone: str = Field(min_length=1, description="a timm name")
    pretrained: str = Field(min_length=1, description="hub, bundled, none, or a .safetensors file of the backbone")
    seed: Seed
    batch_size: int = Field(ge=2)
    weight_decay: float = Field(ge=0)
    label_smoothing: Share
    freeze_statistics: bool = Field(description="batch norm keeps its running statistics when all layers train")
    layer_group_factors: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=3, max_length=3)
    precision: Literal["auto", "float32", "bfloat16"] = Field(description="auto: what a short timing finds faster")
    resize: ResizeMode
    head: HeadParameters
    augmentation: AugmentationParameters
    stages: StagesParameters


class InferParameters(Parameters):
    """Test-time augmentation: the plain photo and some of the training-style views, probabilities averaged."""

    num_views: int = Field(ge=0, description="training-style views there are")
    num_drawn: int = Field(ge=0, description="of them, drawn for each photo")
    batch_size: int = Field(ge=1)
    seed: Seed

    @model_validator(mode="after")
    def _enough_views(self) -> "InferParameters":
        if self.num_drawn > self.num_views:
            raise ValueError(f"num_drawn is {self.num_drawn}, but there are {self.num_views} views; draw fewer")
        return self


class ActivationsParameters(Parameters):
    """Last feature maps to disk."""

    source: Literal["backbone"] = Field(
        description="backbone: the pretrained network, which has seen none of the photos"
    )
    size: Size | int = Field(description="height and width, or an area in pixels with the category's median side ratio")
    views: tuple[Literal["plain", "mirrored"], ...] = Field(min_length=1)
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


class SubmitParameters(Parameters):
    """Which column is submitted, and what it was fitted on."""

    column: str = Field(min_length=1, description="auto: the best on validation photos")
    refit: bool = Field(description="heads and boosters are fitted once more, on all labelled photos")


class PredictParameters(Parameters):
    """A user's own photos."""

    num_shown: int = Field(ge=1, description="photos on the contact sheet")


class ProjectParameters(Parameters):
    """All top-level keys."""

    category: str = Field(min_length=1)
    raw: str = Field(min_length=1)
    data: str = Field(min_length=1)
    photos: str = Field(min_length=1)
    ingest: IngestParameters
    split: SplitParameters
    train: TrainParameters
    infer: InferParameters
    activations: ActivationsParameters
    boost: BoostParameters
    report: ReportParameters
    submit: SubmitParameters
    predict: PredictParameters
