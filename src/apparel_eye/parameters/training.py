"""Transfer learning from small to large photos."""

from typing import Annotated, Literal

from pydantic import Field

from apparel_eye.parameters.base import Parameters, ResizeMode, Seed, Share, Size


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

    learning_rate: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        description="of the head, at the start of a cycle; auto: what the learning-rate finder suggests"
    )
    num_cycles: int = Field(ge=0)
    cycle_epochs: int = Field(ge=1)
    cycle_multiplier: int = Field(ge=1)

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
    """What training makes small, see ``vision.losses``."""

    name: Literal["cross_entropy", "focal", "earth_mover"]
    label_smoothing: Share = Field(description="of each photo, spread evenly over the values")
    maybe_share: Share = Field(description="of each photo that has them, for the values marked m")
    focal_gamma: float = Field(ge=0, description="of focal: how much less a photo counts that is right already")
    order_weight: float = Field(ge=0, description="of earth_mover: weight of the distance beside cross entropy")
    class_balance: Share = Field(description="0: photos count alike, 1: values do")


class FinderParameters(Parameters):
    """The learning-rate finder (arXiv:1506.01186), run where a learning rate is ``auto``."""

    start: float = Field(gt=0)
    end: float = Field(gt=0)
    num_steps: int = Field(ge=2)
    smoothing: float = Field(ge=0, lt=1, description="share of the average that a step keeps")
    stop_at: float = Field(gt=1, description="times the best smoothed loss")


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
    loss: LossParameters
    finder: FinderParameters
    freeze_statistics: bool = Field(description="batch norm keeps its running statistics when all layers train")
    layer_group_factors: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=3, max_length=3)
    precision: Literal["auto", "float32", "bfloat16"] = Field(description="auto: what a short timing finds faster")
    resize: ResizeMode
    head: HeadParameters
    augmentation: AugmentationParameters
    stages: StagesParameters
