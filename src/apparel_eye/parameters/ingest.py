"""Which photos there are, and what is read of them."""

import re
from typing import Literal

from PIL import ImageColor
from pydantic import Field, field_validator

from apparel_eye.parameters.base import Parameters, Share


class PhotoParameters(Parameters):
    """Which files are photos; all of it is checked before anything is decoded."""

    formats: tuple[Literal["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"], ...] = Field(
        strict=False, min_length=1
    )
    max_bytes: int = Field(ge=1, description="of a file; larger ones are left out")
    max_pixels: int = Field(ge=1, description="of a photo; larger ones are left out")
    min_side: int = Field(ge=1, description="pixels of the short side; smaller photos are left out")
    max_side_ratio: float = Field(ge=1, description="long side to short side; longer photos are left out")
    ground: str = Field(min_length=1, description="color behind transparent photos, a name or #rrggbb")

    @field_validator("ground")
    @classmethod
    def _is_a_color(cls, name: str) -> str:
        ImageColor.getrgb(name)
        return name


class DuplicateParameters(Parameters):
    """Which photos are copies of each other."""

    min_similarity: float = Field(gt=0, le=1, description="of two aligned thumbnails; 1: only identical files")


class LabelParameters(Parameters):
    """What label files and folders mean."""

    values: tuple[str, ...] = Field(strict=False, description="of a user's own folders, in order; none: alphabetical")
    group_pattern: str = Field(
        description="regular expression on image keys; what its first group finds stays together"
    )
    answers: Literal["ignore", "train"] = Field(description="label files beside question.csv")
    conflicts: Literal["leave_out", "stop"] = Field(description="copies of a photo with different values")
    allow_missing: bool = Field(description="label files may name photos that do not exist")

    @field_validator("group_pattern")
    @classmethod
    def _has_a_group(cls, pattern: str) -> str:
        try:
            num_groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        if pattern and not num_groups:
            raise ValueError(f"{pattern!r} has no group; put parentheses round what names the product or person")
        return pattern


class IngestParameters(Parameters):
    """From a raw folder to the manifest."""

    photos: PhotoParameters
    labels: LabelParameters
    duplicates: DuplicateParameters
    max_quarantine_share: Share
    num_shown: int = Field(ge=1, description="photos of each value on the contact sheet")
