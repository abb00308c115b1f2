"""Every parameter with what may be said of it: from the typed models and from the comments of the YAML files."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from apparel_eye.parameters import ProjectParameters
from apparel_eye.parameters.reference.comments import comments_in
from apparel_eye.parameters.reference.files import global_values, parameter_files, parameter_values
from apparel_eye.parameters.reference.words import in_words, meaning_of


@dataclass(frozen=True)
class Described:
    """A parameter, as people read of it."""

    name: str
    """Keys from the top on, with dots between them, as ``--params`` takes it."""
    type: str
    """Kind, range or choices, in words."""
    default: Any
    """As in ``conf/base``."""
    value: Any
    """In the environment that was asked for."""
    meaning: str


def describe_parameters(conf: Path, env: str) -> list[Described]:
    """All parameters, in the order of the models.

    Args:
        conf: folder with ``base`` and the other environments.
        env: a folder of ``conf``, whose values stand before those of ``base``.
    """
    defaults = parameter_values(conf, ["base"], global_values(conf, ["base"]))
    values = parameter_values(conf, ["base", env], global_values(conf, ["base", env]))
    comments: dict[str, str] = {}
    for path in parameter_files(conf / "base"):
        comments |= comments_in(path.read_text(encoding="utf-8"))
    return [
        Described(
            name, in_words(field), at(defaults, name), at(values, name), meaning_of(field, comments.get(name, ""))
        )
        for name, field in leaves(ProjectParameters)
    ]


def leaves(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Fields of a model and of the models within it that are no models themselves, by their dotted names."""
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{above}{key}.")
        else:
            yield f"{above}{key}", field


def at(tree: Mapping[str, Any], name: str) -> Any:
    """The value at a dotted name."""
    found: Any = tree
    for key in name.split("."):
        found = found[key]
    return found


def written(value: Any) -> str:
    """A value as it is written in YAML, on one line; numbers with a point, since plain YAML reads ``1e-05`` as text."""
    line: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=sys.maxsize)
    return line.removesuffix("\n").removesuffix("\n...")


def sections(described: Iterable[Described]) -> dict[str, list[Described]]:
    """By top-level key; what stands at the top itself, under no name."""
    found: dict[str, list[Described]] = {}
    for parameter in described:
        top, dot, _ = parameter.name.partition(".")
        found.setdefault(top if dot else "", []).append(parameter)
    return found
