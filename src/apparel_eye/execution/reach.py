"""The code that a function can reach: the definitions of its project that it names, those that these name, and so on.

Python's own syntax trees are read, nothing is imported. An import counts where a name of it is used, also inside a
function, and through a package that only passes it on. What cannot change a result is left out: comments, docstrings,
lines for the log, and of parameters' models all but their methods, since a value that was checked is a fingerprint by
itself. What is used without being named, as a module that is handed on, counts as a whole.
"""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

Roots = tuple[tuple[str, Path], ...]
"""Packages whose code counts, and the folders that they lie in; a library beside them does not."""

_OWN = (__name__.partition(".")[0], Path(__file__).parents[2])
_PARAMETERS = ".parameters."  # the room whose models only hold values
_CHECKS = {"field_validator", "model_validator"}
_LOG = "logger"


class Place(NamedTuple):
    """A definition at the top of a module; without a name, what the module does when it is imported."""

    module: str
    name: str = ""


class Module(NamedTuple):
    """What stands at the top of a file; ``loose`` is what gives no name a meaning."""

    name: str
    package: str
    definitions: dict[str, list[ast.stmt]]
    imports: dict[str, Place]
    loose: list[ast.stmt]


def checksum_of(function: Callable[..., Any]) -> str:
    """Changes with what ``function`` can reach in its project, and with nothing else."""
    digest = hashlib.sha256()
    for place, code in sorted(reached_by(function).items()):
        digest.update(f"{place.module}:{place.name}\n{code}\n".encode())
    return digest.hexdigest()


def reached_by(function: Callable[..., Any]) -> dict[Place, str]:
    """The code of each definition that ``function`` can reach."""
    return {place: code for place, (code, _) in _reached(function).items() if code}


def libraries_of(function: Callable[..., Any]) -> set[str]:
    """Packages outside its project that are named by what ``function`` can reach, as they are imported."""
    return {place.module.partition(".")[0] for _, named in _reached(function).values() for place in named}


@cache
def _reached(function: Callable[..., Any]) -> dict[Place, tuple[str, list[Place]]]:
    """The code of each place, and the places that it names outside the project."""
    found: dict[Place, tuple[str, list[Place]]] = {}
    for roots, start in _starts(function):
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place not in found:
                code, named = _read(roots, place)
                outside = [each for each in named if _module(roots, each.module) is None]
                found[place] = code, outside
                waiting += [Place(place.module), *(each for each in named if each not in outside)]
    return found


def _starts(function: Any) -> Iterator[tuple[Roots, Place]]:
    """Where a function, and those that it holds, are defined, and the packages that count from there."""
    if isinstance(function, partial):
        for part in (function.func, *function.args, *function.keywords.values()):
            yield from _starts(part)
    elif callable(function) and hasattr(function, "__code__"):
        file, depth = Path(function.__code__.co_filename), function.__module__.count(".")
        folder = file.parents[depth + (file.stem == "__init__")]
        roots = tuple({**dict([_OWN]), function.__module__.partition(".")[0]: folder}.items())
        yield roots, Place(function.__module__, function.__qualname__.partition(".")[0])
        for cell in function.__closure__ or ():
            yield from _starts(cell.cell_contents)


@cache
def _module(roots: Roots, name: str) -> Module | None:
    """None where there is none of that name in the packages that count."""
    folders = [root.joinpath(*name.split(".")) for package, root in roots if package == name.partition(".")[0]]
    files = [file for folder in folders for file in (folder.with_name(f"{folder.name}.py"), folder / "__init__.py")]
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        return None
    module = Module(name, name if path.stem == "__init__" else name.rpartition(".")[0], {}, {}, [])
    for statement in ast.parse(path.read_bytes()).body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            module.imports.update(_imports(statement, module.package))
        names = set(_bound(statement))
        for bound in names:
            module.definitions.setdefault(bound, []).append(statement)
        if not names:
            module.loose.append(statement)
    return module


def _bound(statement: ast.AST) -> Iterator[str]:
    """Names that a statement gives a meaning."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Name) and isinstance(statement.ctx, ast.Store):
        yield statement.id
    else:
        for inner in ast.iter_child_nodes(statement):
            yield from _bound(inner)


def _imports(tree: ast.AST, package: str) -> dict[str, Place]:
    """Names that imports bring, and what they stand for."""
    found: dict[str, Place] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {each.asname or each.name.split(".")[0]: each for each in node.names}
            found |= {name: Place(each.name if each.asname else name) for name, each in names.items()}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: 1 - node.level or None] if node.level else []
            source = ".".join([*parents, *([node.module] if node.module else [])])
            found |= {each.asname or each.name: Place(source, each.name) for each in node.names}
    return found


@cache
def _read(roots: Roots, place: Place) -> tuple[str, list[Place]]:
    """The code of a place as it is compared, and the places that it names."""
    module = _module(roots, place.module)
    if module is None:
        return "", []
    if place.name in module.imports:
        return "", _places(roots, module.imports[place.name], ())
    statements = module.definitions.get(place.name, []) if place.name else module.loose
    code, named = [], []
    for statement in statements:
        imports = {**module.imports, **_imports(statement, module.package)}
        compared = _Compared(_PARAMETERS in f"{module.name}.").visit(deepcopy(statement))
        code.append(ast.unparse(compared) if compared else "")
        for name, attributes in _names([*([compared] if compared else []), *_fields(statement)]):
            if name in imports:
                named += _places(roots, imports[name], attributes)
            elif name in module.definitions:
                named.append(Place(module.name, name))
    return "\n".join(filter(None, code)), named


def _places(roots: Roots, place: Place, attributes: Iterable[str]) -> list[Place]:
    """Where a dotted name leads: through packages and modules to a definition in the last of them."""
    module, names = place.module, [name for name in (place.name, *attributes) if name]
    for position, name in enumerate(names):
        here = _module(roots, module)
        if here and name in {*here.definitions, *here.imports}:
            return [Place(module, name)]
        if not _module(roots, f"{module}.{name}"):
            names = names[position:]
            break
        module = f"{module}.{name}"
    else:
        names = []
    here = _module(roots, module)
    return [place] if here is None else [Place(module, name) for name in ("", *here.definitions, *here.imports)]


def _names(trees: Iterable[ast.AST]) -> Iterator[tuple[str, list[str]]]:
    """Names that are used, with the attributes that are taken of them."""
    for tree in trees:
        attributes: list[str] = []
        base = tree
        while isinstance(base, ast.Attribute):
            attributes, base = [base.attr, *attributes], base.value
        if isinstance(base, ast.Name):
            yield base.id, attributes
        else:
            yield from _names(ast.iter_child_nodes(base))


def _fields(statement: ast.stmt) -> list[ast.expr]:
    """Types of a class's fields, whose methods can be called."""
    body = statement.body if isinstance(statement, ast.ClassDef) else []
    return [each.annotation for each in body if isinstance(each, ast.AnnAssign)]


class _Compared(ast.NodeTransformer):
    """Takes from a statement what cannot change a result."""

    def __init__(self, in_parameters: bool) -> None:
        self._in_parameters = in_parameters

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """No docstrings, no lines for the log."""
        called = node.value.func if isinstance(node.value, ast.Call) else None
        is_log = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == _LOG
        return None if is_log or isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """What is used of it is noted where it is used."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """What is used of it is noted where it is used."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Of a parameters' model, what it can do."""
        if self._in_parameters:
            node.body = [each for each in node.body if not isinstance(each, ast.AnnAssign) and not _is_check(each)]
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """Of parameters, no names of types."""
        is_type = self._in_parameters and isinstance(node.value, ast.Subscript)
        return None if is_type else self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """A body is never empty."""
        super().generic_visit(node)
        if getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node


def _is_check(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef) and any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in _CHECKS
        for each in statement.decorator_list
    )
