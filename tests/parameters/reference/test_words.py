"""Types and ranges in words."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, create_model

from apparel_eye.parameters.base import Area, Seed, Share, Size
from apparel_eye.parameters.reference.words import in_words


@pytest.mark.parametrize(
    ("annotation", "field", "expected"),
    [
        (bool, {}, "true or false"),
        (int, {}, "whole number"),
        (int, {"ge": 1}, "whole number at least 1"),
        (float, {"gt": 0, "le": 1}, "number above 0 and at most 1"),
        (float, {"ge": 0, "lt": 1}, "number at least 0 and below 1"),
        (float, {"ge": 0, "le": 180}, "number from 0 to 180"),
        (Share, {}, "number from 0 to 1"),
        (Share, {"description": "of each photo"}, "number from 0 to 1"),
        (Seed, {}, "whole number at least 0"),
        (str, {}, "text"),
        (str, {"min_length": 1}, "text, not empty"),
        (Literal["a", "b"], {}, "one of a, b"),
        (Annotated[Literal["a", "b"], Field(description="x")], {}, "one of a, b"),
        (Annotated[float, Field(ge=1)] | Literal["auto"], {}, "number at least 1, or auto"),
        (tuple[str, ...], {}, "list, each text"),
        (dict[str, float], {}, "names and values"),
        (tuple[Literal["a", "b"], ...], {"min_length": 2}, "list of at least 2, each one of a, b"),
        (tuple[Annotated[int, Field(ge=1)], ...], {}, "list, each a whole number at least 1"),
        (Size, {}, "list of 2, each a whole number at least 16"),
        (Size | Area, {}, "list of 2, each a whole number at least 16, or whole number at least 256"),
    ],
)
def test_a_type_is_told_with_its_range(annotation: Any, field: dict[str, Any], expected: str) -> None:
    model = create_model("Model", key=(annotation, Field(**field)))
    assert in_words(model.model_fields["key"]) == expected
