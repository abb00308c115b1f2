"""What is wrong with parameters, in words: the key, what was found, and what would be right."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from apparel_eye.errors import nearest
from apparel_eye.parameters import STAGES, ProjectParameters

RENAMED = {
    "submit.column": "submit.candidate",
    "predict.column": "predict.candidate",
    "ensemble.column": "ensemble.candidate",
    "split.num_parts": "split.num_halves",
    **{f"train.stages.{stage}.all": f"train.stages.{stage}.fine_tune" for stage in STAGES},
}
"""Parameters of version 0.1.0, and what they are called now."""


def in_words(error: ValidationError) -> str:
    """All problems in one line; what would be right may be of several kinds."""
    said: dict[str, list[str]] = {}
    for problem in error.errors():
        key, remedy = _words(problem)
        said.setdefault(key, []).append(remedy)
    return "; ".join(f"{key}{' or '.join(dict.fromkeys(remedies))}" for key, remedies in said.items())


def _words(problem: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong, and what would be right."""
    where, key = _place(problem["loc"])
    name = ".".join([*where, key])
    if problem["type"] == "extra_forbidden" and name in RENAMED:
        return f"there is no parameter {name} any more; ", f"it is called {RENAMED[name]} now"
    if problem["type"] == "extra_forbidden":
        known = sorted(_fields_at(where))
        alike = difflib.get_close_matches(key, known, n=1)
        remedy = f"did you mean {'.'.join([*where, alike[0]])}?" if alike else f"there are {', '.join(known)}"
        return f"there is no parameter {name}; ", remedy
    if problem["type"] == "missing":
        return f"parameter {name} is missing", ""
    found = problem["input"]
    if problem["type"] == "literal_error":
        return f"parameter {name} is {found!r}: ", nearest(str(found), _choices(problem))
    remedy = problem["msg"].removeprefix("Value error, ")
    if isinstance(found, dict) and problem["type"] == "value_error":
        return f"parameter {name}: ", remedy
    return f"parameter {name} is {found!r}: ", remedy


def _choices(problem: Mapping[str, Any]) -> list[str]:
    """The values that a literal may have, of which pydantic tells as of ``'a', 'b' or 'c'``."""
    return re.findall(r"'([^']*)'", problem["ctx"]["expected"])


def _place(location: Sequence[str | int]) -> tuple[list[str], str]:
    """The keys around a key, and itself; which of several kinds was tried, as pydantic has it, is left out."""
    model: Any = ProjectParameters
    place: list[str] = []
    for part in location:
        if not hasattr(model, "model_fields"):
            place += [str(part)] if isinstance(part, int) else []
            continue
        place.append(str(part))
        model = model.model_fields[part].annotation if part in model.model_fields else None
    return place[:-1], place[-1]


def _fields_at(where: list[str]) -> set[str]:
    model: Any = ProjectParameters
    for part in where:
        model = model.model_fields[part].annotation
    return set(model.model_fields)
