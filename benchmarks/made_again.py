"""Which steps are made again after a change: of a parameter, of a definition in a file, both drawn at random.

    python benchmarks/made_again.py [--changes 20] [--seed 1] [--env cpu]

Nothing is run. For a parameter: the steps whose own inputs change, and those that can change after them, at most, since
a step whose result stays the same changes nothing further. For a definition: the steps whose code reaches it.
"""

import argparse
import ast
import copy
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from kedro.config import OmegaConfigLoader
from kedro.framework.project import configure_project, pipelines
from kedro.pipeline.node import Node
from pydantic import BaseModel, ValidationError

from apparel_eye.execution.reach import Place, reached_by
from apparel_eye.parameters import ProjectParameters
from apparel_eye.settings import CONFIG_LOADER_ARGS

PROJECT = Path(__file__).parents[1]
PLACES = {"category", "raw", "data", "photos", "photos_column", "members", "follow_links"}
"""Parameters that say where things lie."""


def main() -> None:
    """Draw changes and print what they reach."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--env", default="cpu")
    arguments = parser.parse_args()
    configure_project("apparel_eye")
    nodes = pipelines["__default__"].nodes
    tree = OmegaConfigLoader(str(PROJECT / "conf"), env=arguments.env, **CONFIG_LOADER_ARGS)["parameters"]
    generator = random.Random(arguments.seed)
    print(f"{len(nodes)} steps\n\nparameter: steps whose own inputs change, steps made again at most")
    drawn = [(len(own), len(after(own, nodes))) for own in of_parameters(tree, nodes, generator, arguments.changes)]
    print(f"median {median(own for own, _ in drawn)}, {median(most for _, most in drawn)}")
    print("\ndefinition: steps that reach it")
    counts = list(of_definitions(nodes, generator, arguments.changes))
    print(f"median {median(counts)}, none for {counts.count(0)} of {len(counts)}")


def of_parameters(
    tree: Mapping[str, Any], nodes: list[Node], generator: random.Random, number: int
) -> Iterator[list[str]]:
    """Names of the steps that take what was changed, for each change."""
    before = ProjectParameters.model_validate(tree)
    leaves = [path for path, value in leaves_of(tree) if path[0] not in PLACES and other_than(value) is not None]
    generator.shuffle(leaves)
    for path in leaves:
        changed = copy.deepcopy(dict(tree))
        at(changed, path[:-1])[path[-1]] = other_than(at(tree, path))
        try:
            after_it = ProjectParameters.model_validate(changed)
        except ValidationError:
            continue  # no such value
        names = [
            node.name for node in nodes if any(given(name, before) != given(name, after_it) for name in node.inputs)
        ]
        print(f"{'.'.join(path):45} {len(names):3} {len(after(names, nodes)):3}")
        yield names
        number -= 1
        if not number:
            return


def of_definitions(nodes: list[Node], generator: random.Random, number: int) -> Iterator[int]:
    """How many steps reach a definition, for each that is drawn: a file, then one of its definitions."""
    reached = {node.name: set(reached_by(node.func)) for node in nodes}
    files = sorted(path for path in (PROJECT / "src" / "apparel_eye").rglob("*.py") if path.stem != "__init__")
    for path in generator.sample(files, number):
        module = ".".join(path.relative_to(PROJECT / "src").with_suffix("").parts)
        statements = ast.parse(path.read_text(encoding="utf-8")).body
        names = [each.name for each in statements if isinstance(each, ast.FunctionDef | ast.ClassDef)]
        place = Place(module, generator.choice(names or [""]))
        reaching = [name for name, places in reached.items() if place in places]
        print(f"{module}:{place.name:30} {len(reaching):3}  {' '.join(reaching[:3])}")
        yield len(reaching)


def after(names: list[str], nodes: list[Node]) -> set[str]:
    """These steps, and all that read what they make; nodes are in the order in which they run."""
    found: set[str] = set(names)
    made = {output for node in nodes if node.name in found for output in node.outputs}
    for node in nodes:
        if made & set(node.inputs):
            found.add(node.name)
            made |= set(node.outputs)
    return found


def leaves_of(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and values."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves_of(value, (*above, key))
        else:
            yield (*above, key), value


def other_than(value: Any) -> Any:
    """Another number or truth; texts have names that cannot be guessed."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value * 0.9 + 0.003 if isinstance(value, float) else None


def at(tree: Any, path: tuple[str, ...]) -> Any:
    """What stands there."""
    for key in path:
        tree = tree[key]
    return tree


def given(name: str, parameters: ProjectParameters) -> Any:
    """What a step gets of the parameters under the name of an input; nothing for files."""
    if not name.startswith("params:"):
        return None
    found: Any = parameters
    for key in name.removeprefix("params:").split("."):
        found = getattr(found, key)
    return found.model_dump(mode="json") if isinstance(found, BaseModel) else found


if __name__ == "__main__":
    main()
