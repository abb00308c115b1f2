from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from apparel_eye.parameters import ProjectParameters
from apparel_eye.parameters.problems import RENAMED, in_words


def problems(parameters: dict[str, Any], **train: Any) -> str:
    try:
        ProjectParameters.model_validate({**parameters, "train": {**parameters["train"], **train}})
    except ValidationError as error:
        return in_words(error)
    return ""


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({}, ""),
        ({"sede": 1}, "there is no parameter train.sede; did you mean train.seed?"),
        ({"seed": -1}, "parameter train.seed is -1: Input should be greater than or equal to 0"),
        ({"seed": "1e3"}, "parameter train.seed is '1e3': Input should be a valid integer"),
        ({"resize": "squahs"}, "parameter train.resize is 'squahs': did you mean squash?"),
        ({"resize": "?"}, "parameter train.resize is '?': there are crop, pad, squash"),
        (
            {"seed": -1, "sede": 1},
            "parameter train.seed is -1: Input should be greater than or equal to 0; there is no parameter train.sede; "
            "did you mean train.seed?",
        ),
    ],
    ids=str,
)
def test_problems_are_told_with_what_would_be_right(
    parameters_of: Callable[[str], dict[str, Any]], train: dict[str, Any], said: str
) -> None:
    assert problems(parameters_of("test"), **train) == said


def test_a_parameter_that_is_missing_is_named(parameters_of: Callable[[str], dict[str, Any]]) -> None:
    parameters = parameters_of("test")
    del parameters["train"]["seed"]
    assert problems(parameters) == "parameter train.seed is missing"


@pytest.mark.parametrize("old", RENAMED)
def test_a_parameter_of_an_earlier_version_is_refused_with_its_new_name(
    parameters_of: Callable[[str], dict[str, Any]], old: str
) -> None:
    def around(tree: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
        *outer, key = name.split(".")
        for each in outer:
            tree = tree[each]
        return tree, key

    parameters = parameters_of("test")
    renamed, new_key = around(parameters, RENAMED[old])
    holder, key = around(parameters, old)
    holder[key] = renamed[new_key]
    assert problems(parameters) == f"there is no parameter {old} any more; it is called {RENAMED[old]} now"
