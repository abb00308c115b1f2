"""Every parameter is described once, with what the models and Kedro say of it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml

from apparel_eye.parameters import ProjectParameters
from apparel_eye.parameters.choices import Choice
from apparel_eye.parameters.reference import Described, describe_parameters, sections, written
from apparel_eye.parameters.reference.describe import at, leaves

ENVIRONMENTS = ("base", "cpu", "demo", "test", "local")


def names_in(tree: Any, above: str = "") -> list[str]:
    """Dotted names of everything in a tree that is no dictionary."""
    if not isinstance(tree, dict) or not tree:
        return [above.removesuffix(".")]
    return [name for key, value in tree.items() for name in names_in(value, f"{above}{key}.")]


def choices_in(annotation: Any, said: Iterable[Any] = ()) -> Iterator[str]:
    """Every word that a type allows."""
    for choice in said:
        yield from choice.members if isinstance(choice, Choice) else ()
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    for part in get_args(annotation):
        yield from choices_in(part, getattr(part, "__metadata__", ()))


@pytest.fixture(scope="module")
def described(project: Path) -> list[Described]:
    return describe_parameters(project / "conf", "base")


def test_each_parameter_that_a_run_has_is_described_once(
    described: list[Described], parameters_of: Callable[[str], dict[str, Any]]
) -> None:
    assert sorted(parameter.name for parameter in described) == sorted(names_in(parameters_of("base")))


def test_each_has_a_meaning_and_a_type(described: list[Described]) -> None:
    assert [parameter.name for parameter in described if not parameter.meaning.strip() or not parameter.type] == []


def test_each_choice_of_the_models_is_told(described: list[Described]) -> None:
    of = {parameter.name: parameter.type for parameter in described}
    with_choices = {
        name: list(choices_in(field.annotation, field.metadata)) for name, field in leaves(ProjectParameters)
    }
    assert with_choices["train.precision"] == ["auto", "float32", "bfloat16"]
    assert with_choices["train.resize"] == ["squash", "pad", "crop"]
    missing = {name: words for name, words in with_choices.items() if words and ", ".join(words) not in of[name]}
    assert missing == {}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_values_are_those_that_kedro_runs_with(
    project: Path, parameters_of: Callable[[str], dict[str, Any]], env: str
) -> None:
    base, expected = parameters_of("base"), parameters_of(env)
    for parameter in describe_parameters(project / "conf", env):
        assert parameter.value == at(expected, parameter.name), parameter.name
        assert parameter.default == at(base, parameter.name), parameter.name


def test_members_of_a_family_are_told_with_what_their_functions_say(described: list[Described]) -> None:
    meanings = {parameter.name: parameter.meaning for parameter in described}
    first, *others = meanings["train.resize"].split("; ")
    assert first == "how photos get the stage's size"
    assert others == [
        "squash: all of it, its side ratio changed", "pad: all of it, its mean color beside it", "crop: its center"
    ]  # fmt: skip


def test_a_description_in_the_model_stands_before_the_comment(described: list[Described]) -> None:
    [smoothing] = [parameter for parameter in described if parameter.name == "train.finder.smoothing"]
    [folds] = [parameter for parameter in described if parameter.name == "split.num_folds"]
    assert smoothing.meaning == "share of the average that a step keeps"
    assert folds.meaning == "parts of the labelled photos, each with as much of every value"


def test_sections_keep_every_parameter_under_its_first_key(described: list[Described]) -> None:
    found = sections(described)
    assert sum(map(len, found.values())) == len(described)
    assert {"", "train", "ingest"} < set(found)
    assert all(parameter.name.startswith("train.") for parameter in found["train"])
    assert "category" in [parameter.name for parameter in found[""]]


@pytest.mark.parametrize(
    "value", [True, 7, 0.25, 1e-05, "auto", "", "1e-05", "é, #x", [6, 2], [], [0.01, 1e-05], ["a", "b"] * 99]
)
def test_what_is_written_is_read_back_as_the_same_value(value: object) -> None:
    assert yaml.safe_load(written(value)) == value
