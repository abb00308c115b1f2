"""The YAML files of parameters, found and merged as Kedro does, without Kedro."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

PATTERNS = ("parameters*", "parameters*/**/*", "**/parameters*")
"""Kedro's own, but that ``**`` alone finds only folders here."""
_SUFFIXES = (".yml", ".yaml", ".json")
_GIVEN = re.compile(r"^\$\{runtime_params:\s*\w+\s*,\s*(.*)\}$")
_GLOBAL = re.compile(r"^\$\{globals:\s*(\w+)\s*\}$")


def parameter_files(folder: Path) -> list[Path]:
    """Files of one environment that hold parameters."""
    found = {path for pattern in PATTERNS for path in folder.glob(pattern)}
    return sorted(path for path in found if path.suffix in _SUFFIXES and path.is_file())


def global_values(conf: Path, envs: Iterable[str]) -> dict[str, Any]:
    """What ``${globals:...}`` stands for; later environments win."""
    return _merged(path for env in envs for path in [conf / env / "globals.yml"] if path.is_file())


def parameter_values(conf: Path, envs: Iterable[str], globals_: dict[str, Any]) -> dict[str, Any]:
    """Parameters of some environments, of which later ones win key by key, with nothing given by ``--params``."""
    tree = _merged(path for env in envs for path in parameter_files(conf / env))
    return {key: _resolved(value, globals_) for key, value in tree.items()}


def _merged(paths: Iterable[Path]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        tree = _with(tree, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return tree


def _with(tree: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A copy in which the other's values stand, within dictionaries as well; lists are taken whole."""
    both = {
        key: _with(tree[key], value) if isinstance(value, dict) and isinstance(tree.get(key), dict) else value
        for key, value in other.items()
    }
    return {**tree, **both}


def _resolved(value: Any, globals_: dict[str, Any]) -> Any:
    """What a text stands for where nothing was given on the command line; other references stay as they are."""
    if not isinstance(value, str):
        return value
    if given := _GIVEN.match(value):
        return _resolved(yaml.safe_load(given[1]) if "${" not in given[1] else given[1], globals_)
    if named := _GLOBAL.match(value):
        return globals_.get(named[1], value)
    return value
