"""Files of parameters are found and merged as Kedro does."""

from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader

from apparel_eye.parameters.reference.files import global_values, parameter_files, parameter_values

FILES = {
    "base/parameters.yml": "top: 1\n",
    "base/parameters/one.yml": "one: {a: 1, b: [1, 2], c: {d: x}}\n",
    "base/train/parameters.yml": "train: {rate: 1.0e-3, size: [32, 48]}\n",
    "base/train/parameters_of_heads.yaml": "heads: [rows]\n",
    "base/train/catalog.yml": "not: mine\n",
    "base/parameters/notes.txt": "not: mine\n",
    "base/globals.yml": "place: here\nname: text\n",
    "base/parameters_given.yml": "given: ${runtime_params:given, ${globals:place}}\nword: ${globals:name}\n"
    'empty: ${runtime_params:empty, ""}\nnumber: ${runtime_params:number, 7}\n',
    "other/globals.yml": "place: there\n",
    "other/parameters/one.yml": "one: {b: [3], c: {e: y}}\ntop: 2\n",
}


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def by_kedro(conf: Path, env: str) -> dict[str, Any]:
    merge = {"parameters": "soft", "globals": "soft"}
    return dict(OmegaConfigLoader(str(conf), base_env="base", env=env, merge_strategy=merge)["parameters"])


@pytest.mark.parametrize("env", ["base", "other"])
def test_values_are_those_of_kedro(conf: Path, env: str) -> None:
    envs = ["base", env]
    assert parameter_values(conf, envs, global_values(conf, envs)) == by_kedro(conf, env)


def test_only_yaml_whose_path_says_parameters_is_read(conf: Path) -> None:
    found = [path.relative_to(conf / "base").as_posix() for path in parameter_files(conf / "base")]
    assert found == [
        "parameters/one.yml",
        "parameters.yml",
        "parameters_given.yml",
        "train/parameters.yml",
        "train/parameters_of_heads.yaml",
    ]


def test_an_environment_without_a_folder_changes_nothing(conf: Path) -> None:
    alone = parameter_values(conf, ["base"], global_values(conf, ["base"]))
    assert parameter_values(conf, ["base", "none"], global_values(conf, ["base", "none"])) == alone


def test_a_reference_to_something_else_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "parameters.yml").write_text("home: ${oc.env:HOME}\nlost: ${globals:lost}\n")
    assert parameter_values(tmp_path, ["base"], {}) == {"home": "${oc.env:HOME}", "lost": "${globals:lost}"}
