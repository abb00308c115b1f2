"""Members of families, read from the modules that compute them: importing those would take seconds."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import CoreSchema, core_schema

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Choice:
    """A text that must be the name of a member of a family, for ``Annotated[str, Choice(...)]``.

    Attributes:
        module: where the family is listed, below the package, with dots.
        family: the dictionary at its top, from names to functions.
    """

    module: str
    family: str

    @property
    def members(self) -> dict[str, str]:
        """Their names, in order, and what the first line of each one's docstring says; of other values, nothing."""
        return _members(_PACKAGE.joinpath(*self.module.split(".")).with_suffix(".py"), self.family)

    @property
    def meaning(self) -> str:
        """Of each name, in words."""
        return "; ".join(f"{name}: {says}" for name, says in self.members.items() if says)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """As that of a literal."""
        return core_schema.literal_schema(list(self.members))


@cache
def _members(path: Path, family: str) -> dict[str, str]:
    tree = ast.parse(path.read_bytes())
    says = {each.name: ast.get_docstring(each) or "" for each in tree.body if isinstance(each, ast.FunctionDef)}
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == family for target in targets):
            members = getattr(statement, "value", None)
            assert isinstance(members, ast.Dict), f"{family} of {path.name} is not written as a dictionary"
            keys = [ast.literal_eval(key) for key in members.keys if key]
            texts = [says.get(ast.unparse(value), "") for value in members.values]
            return {key: _in_a_list(text) for key, text in zip(keys, texts, strict=True)}
    raise AssertionError(f"there is no {family} in {path.name}")


def _in_a_list(docstring: str) -> str:
    line = docstring.partition("\n")[0].removesuffix(".")
    return line[:1].lower() + line[1:]
