"""What all parameters have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Size = tuple[Annotated[int, Field(ge=16)], Annotated[int, Field(ge=16)]]
ResizeMode = Literal["squash", "pad"]
Seed = Annotated[int, Field(ge=0)]


class Parameters(BaseModel):
    """Frozen; a misspelt key is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
