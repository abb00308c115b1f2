import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from apparel_eye.errors import UsageError
from apparel_eye.execution.checks import checked_parameters
from apparel_eye.execution.config_loader import config_loader
from apparel_eye.parameters import ProjectParameters
from apparel_eye.parameters.choices import Choice
from apparel_eye.parameters.reference.describe import leaves


def choices(annotation: Any, said: Iterable[Any]) -> list[str]:
    """Words that a parameter may be, of which one can be misspelt; in lists as well."""
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    members = [member for choice in said if isinstance(choice, Choice) for member in choice.members]
    parts = [(part, getattr(part, "__metadata__", ())) for part in get_args(annotation)]
    return [*members, *(choice for part in parts for choice in choices(*part))]


ENUMS = {
    name: found for name, field in leaves(ProjectParameters) if (found := choices(field.annotation, field.metadata))
}
TUPLES = {name for name, field in leaves(ProjectParameters) if get_origin(field.annotation) is tuple}


def given(name: str, value: object) -> dict[str, Any]:
    tree: Any = value
    for key in reversed(name.split(".")):
        tree = {key: tree}
    return dict(tree)


def check(project: Path, name: str, value: object) -> None:
    checked_parameters(config_loader("test", str(project / "conf"), given(name, value)))


@pytest.mark.fault(111)
@pytest.mark.parametrize("name", ENUMS)
def test_each_misspelt_word_is_refused_with_the_one_that_was_meant(project: Path, name: str) -> None:
    wanted = max(ENUMS[name], key=len)
    wrong = wanted[:-1] + "_"
    value = [wrong, wrong] if name in TUPLES else wrong
    with pytest.raises(UsageError, match=rf"parameter {re.escape(name)}.*'{wrong}': .*did you mean .*{wanted}"):
        check(project, name, value)


def test_there_are_words_to_misspell() -> None:
    assert {"train.loss.name", "submit.candidate", "ingest.photos.formats", "train.augmentation.max_zoom"} <= set(ENUMS)


def test_parameters_of_an_environment_come_back_as_models(project: Path) -> None:
    parameters = checked_parameters(config_loader("test", str(project / "conf"), given("train.seed", 7)))
    assert parameters.train.seed == 7
    assert parameters.train.backbone == "test_resnet"


def test_a_backbone_that_timm_does_not_have_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="the nearest are"):
        check(project, "train.backbone", "test_resnot")


def test_an_environment_that_is_not_there_is_refused_with_the_nearest(project: Path) -> None:
    with pytest.raises(UsageError, match=r"no environment dmeo in .*conf; did you mean demo\?"):
        checked_parameters(config_loader("dmeo", str(project / "conf")))
