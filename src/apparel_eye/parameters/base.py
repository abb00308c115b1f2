"""What all parameters have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from apparel_eye.parameters.choices import Choice

Share = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[tuple[Annotated[int, Field(ge=16)], Annotated[int, Field(ge=16)]], Field(strict=False)]
Area = Annotated[int, Field(ge=16 * 16)]
ResizeMode = Annotated[str, Choice("data.reading.photos", "RESIZE_MODES")]
Seed = Annotated[int, Field(ge=0)]


class Parameters(BaseModel):
    """Frozen; a misspelt key is refused by name, and text is no number: plain YAML reads `1e-3` as text."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())
