"""Names are read from the modules that compute, without importing them."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from apparel_eye.parameters import ProjectParameters, choices
from apparel_eye.parameters.choices import Choice
from apparel_eye.parameters.reference.describe import leaves
from apparel_eye.parameters.reference.words import families_in

FAMILIES = dict.fromkeys(
    choice for _, field in leaves(ProjectParameters) for choice in families_in(field.annotation, field.metadata)
)
SOURCE = '''
def near(distance):
    """How far it is at most.

    More of it.
    """

def far(distance):
    """A long way"""

PLACES: dict[str, object] = {"near": near, "out_there": far, "here": 0}
MADE = dict(near=near)
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "places.py").write_text(SOURCE)
    monkeypatch.setattr(choices, "_PACKAGE", tmp_path)
    return tmp_path


@pytest.mark.parametrize("family", FAMILIES, ids=lambda choice: choice.family)
def test_what_is_read_is_what_the_module_has(family: Choice) -> None:
    functions = getattr(import_module(f"apparel_eye.{family.module}"), family.family)
    assert list(family.members) == list(functions)
    for name, says in family.members.items():
        line = functions[name].__doc__.splitlines()[0]
        assert says
        assert says.lower() == line.removesuffix(".").lower()


def test_names_come_in_order_each_with_the_first_line_of_its_docstring(package: Path) -> None:
    places = Choice("room.places", "PLACES")
    assert list(places.members.items()) == [
        ("near", "how far it is at most"),
        ("out_there", "a long way"),
        ("here", ""),
    ]
    assert places.meaning == "near: how far it is at most; out_there: a long way"


def test_another_name_is_refused(package: Path) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Annotated[str, Choice("room.places", "PLACES")])
    assert adapter.validate_python("out_there", strict=True) == "out_there"
    with pytest.raises(ValidationError, match="Input should be 'near', 'out_there' or 'here'"):
        adapter.validate_python("far")


@pytest.mark.parametrize(
    ("family", "said"), [("MADE", "MADE of places.py is not written as a dictionary"), ("LOST", "there is no LOST in")]
)
def test_a_family_that_cannot_be_read_is_told(package: Path, family: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        _ = Choice("room.places", family).members


def test_parameters_know_all_names_without_torch() -> None:
    code = "import sys; from apparel_eye.parameters import ProjectParameters; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
