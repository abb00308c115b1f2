"""Transfer learning from small to large photos."""

from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, create_model, field_validator, model_validator

from apparel_eye.parameters.base import Area, Parameters, ResizeMode, Seed, Share, Size
from apparel_eye.parameters.choices import Choice


class AugmentationParameters(Parameters):
    """What training sees instead of the photo itself, drawn afresh for each photo in each epoch."""

    max_zoom: Annotated[float, Field(ge=1)] | Literal["auto"] = Field(
        description="about the center; auto: 1.0 for lengths, 1.1 else"
    )
    zoom_share: Share
    max_rotation: float = Field(ge=0, le=180, description="degrees")
    max_brightness: Share
    max_contrast: Share
    flip_share: Share
    max_hue: float = Field(
        default=0.0, ge=0, le=0.5, description="turns around the circle of colors, either way; 0: hues stay as they are"
    )

    def for_category(self, is_length: bool) -> "AugmentationParameters":
        """A zoom cuts off hems, so lengths are not zoomed unless a number says so."""
        zoom = (1.0 if is_length else 1.1) if self.max_zoom == "auto" else self.max_zoom
        return self.model_copy(update={"max_zoom": zoom})


class HeadParameters(Parameters):
    """Layers from the last feature map to the values."""

    pooling: Annotated[str, Choice("networks.heads", "POOLINGS")]
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        strict=False, description="widths of hidden layers; none: one linear one"
    )
    input_dropout: Share
    dropout: Share
    linear_fit: float = Field(
        ge=0, description="start from logistic regression of this inverse penalty on the cached features; 0: at random"
    )


class PhaseParameters(Parameters):
    """Cosine annealing with warm restarts (SGDR, arXiv:1608.03983); no cycles: the phase is left out."""

    learning_rate: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        description="of the head, at the start of a cycle; auto: what the learning-rate finder suggests"
    )
    num_cycles: int = Field(ge=0, description="0: the phase is left out")
    cycle_epochs: int = Field(ge=1, description="length of the first cycle")
    cycle_multiplier: int = Field(ge=1, description="times the length of the cycle before, for each that follows")

    @property
    def rate(self) -> float:
        """The learning rate once it is a number."""
        assert self.learning_rate != "auto"
        return self.learning_rate

    @property
    def cycle_lengths(self) -> tuple[int, ...]:
        """Epochs of each cycle."""
        return tuple(self.cycle_epochs * self.cycle_multiplier**i for i in range(self.num_cycles))

    @property
    def epochs(self) -> int:
        """Length of all cycles together; training never stops inside a cycle."""
        return sum(self.cycle_lengths)


class LossParameters(Parameters):
    """What training makes small, see ``training.losses``."""

    name: Annotated[str, Choice("training.losses", "LOSSES")]
    label_smoothing: Share = Field(description="of each photo, spread evenly over the values")
    maybe_share: Share = Field(description="of each photo that has them, for the values marked m")
    focal_gamma: float = Field(ge=0, description="of focal: how much less a photo counts that is right already")
    order_weight: float = Field(ge=0, description="of earth_mover: weight of the distance beside cross entropy")
    class_balance: Share = Field(description="0: photos count alike, 1: values do")


Setting = bool | int | float | str | Annotated[tuple[float, ...], Field(strict=False)]


class OptimizerParameters(Parameters):
    """What makes steps of gradients, see ``training.optimizers``."""

    name: str = Field(
        min_length=1, description="a name of timm.optim.list_optimizers(), of one that can be stopped and gone on with"
    )
    settings: dict[str, Setting] = Field(description="its own, by timm's names; what is not given is as timm has it")


class FinderParameters(Parameters):
    """The learning-rate finder (arXiv:1506.01186), run where a learning rate is ``auto``."""

    start: float = Field(gt=0)
    end: float = Field(gt=0)
    num_steps: int = Field(ge=2)
    smoothing: float = Field(ge=0, lt=1, description="share of the average that a step keeps")
    stop_at: float = Field(gt=1, description="times the best smoothed loss")

    @model_validator(mode="after")
    def _goes_up(self) -> "FinderParameters":
        if self.start >= self.end:
            raise ValueError(f"start is {self.start}; give one below end, which is {self.end}")
        return self


class StageParameters(Parameters):
    """One image size: first the head alone, then all layers."""

    size: Size | Area = Field(
        description="height and width, or an area in pixels with the category's median side ratio"
    )
    num_views: int = Field(ge=1, description="drawn views of each photo whose features the head is trained on")
    head: PhaseParameters
    fine_tune: PhaseParameters


STAGES = ("small", "medium", "large")
"""The stages in order; each starts from the weights of the one before. Pipelines and parameters follow this tuple."""

StagesParameters = create_model(
    "StagesParameters", __base__=Parameters, **dict.fromkeys(STAGES, (StageParameters, ...))
)  # type: ignore[call-overload]


# What steps annotate parts of `train` with: Kedro makes these models with it; an annotation with the class would have
# each made twice
Augmentation = TypeVar("Augmentation", bound=AugmentationParameters)
Finder = TypeVar("Finder", bound=FinderParameters)
Optimizer = TypeVar("Optimizer", bound=OptimizerParameters)
Phase = TypeVar("Phase", bound=PhaseParameters)
Stages = TypeVar("Stages", bound=StagesParameters)


class ComputingParameters(Parameters):
    """What decides how this machine computes."""

    backbone: str = Field(min_length=1, description="a name of timm.list_models(pretrained=True)")
    batch_size: int = Field(ge=2)
    accumulation: int = Field(
        ge=1, description="shares in which a batch is computed, one after the other, for want of memory"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        exclude=True, description="auto: an accelerator where there is one"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        exclude=True, description="auto: what a short timing finds faster"
    )
    memory_format: Literal["auto", "channels_last", "contiguous"] = Field(
        exclude=True, description="auto: what a short timing finds faster"
    )
    processes: int = Field(ge=1, description="data-parallel processes of this machine, one a GPU; on processors too")


class FeatureParameters(Parameters):
    """What decides on the features that a head is trained on."""

    backbone: str = Field(min_length=1, description="a name of timm.list_models(pretrained=True)")
    seed: Seed
    batch_size: int = Field(ge=2)
    resize: ResizeMode
    head: HeadParameters


class TrainParameters(ComputingParameters, FeatureParameters):
    """Transfer learning from small to large photos.

    As a whole it is what all phases of all stages share. What is excluded from that either changes no result or is an
    input of its own of the nodes that use it, as a stage is.
    """

    pretrained: str = Field(
        min_length=1, exclude=True, description="hub, bundled, none, or a .safetensors file of the backbone"
    )
    accept_non_commercial: bool = Field(
        exclude=True, description="weights whose licence forbids commercial use may be used"
    )
    optimizer: OptimizerParameters
    weight_decay: float = Field(ge=0)
    weight_average: float = Field(
        ge=0, lt=1, description="share that an exponential moving average of the weights keeps each step; 0: no average"
    )
    loss: LossParameters
    finder: FinderParameters = Field(exclude=True)
    freeze_statistics: bool = Field(description="batch norm keeps its running statistics when all layers train")
    layer_group_factors: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        strict=False,
        min_length=1,
        description="share of the learning rate of each layer group, from the stem to the head",
    )
    compile: bool = Field(description="torch.compile the backbone")
    readers: int = Field(ge=0, exclude=True, description="threads that read batches ahead")
    save_every_steps: int = Field(ge=1, exclude=True, description="steps after which the state is saved, beside epochs")
    on_change: Literal["refuse", "restart"] = Field(
        exclude=True, description="what is done with unfinished training of other settings, data or code"
    )
    augmentation: AugmentationParameters = Field(exclude=True)
    stages: StagesParameters = Field(exclude=True)

    @model_validator(mode="after")
    def _batches_can_be_shared(self) -> "TrainParameters":
        if self.processes > 1 and not self.freeze_statistics:
            raise ValueError("processes is more than 1, where each would have statistics of its own; freeze_statistics")
        shares = self.processes * self.accumulation
        if shares > 1 and self.batch_size < 2 * shares:
            raise ValueError(
                f"batch_size is {self.batch_size}, for {shares} shares of processes and accumulation; give at least "
                f"{2 * shares}, so that the smallest batch has a photo for each"
            )
        return self

    @field_validator("stages")
    @classmethod
    def _sizes_ascend(cls, stages: Any) -> Any:
        areas = {name: _area(getattr(stages, name).size) for name in STAGES}
        for before, name in pairwise(STAGES):
            if areas[name] < areas[before]:
                raise ValueError(
                    f"{name}.size is an area of {areas[name]} pixels, less than the {areas[before]} of {before}.size; "
                    "give sizes that ascend"
                )
        return stages


def _area(size: tuple[int, int] | int) -> int:
    return size if isinstance(size, int) else size[0] * size[1]
