"""Forward passes over views of a photo."""

from pydantic import Field, model_validator

from apparel_eye.parameters.base import Parameters, Seed


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
