import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from whole_flow import CANDIDATES

from apparel_eye.datasets import (
    EarlierDataset,
    HeadsDataset,
    OwnPhotosDataset,
    PhotoFolderDataset,
    RawFolderDataset,
)
from apparel_eye.datasets.sealed import ResumableDataset, SealedDataset
from apparel_eye.parameters import STAGES
from apparel_eye.pipeline_registry import register_pipelines
from apparel_eye.tracking.members import MembersDataset

PIPELINES = register_pipelines()
APART = ("predict", "ensemble")
"""Pipelines that start from what others have made."""
ALL_NODES = [node for name in ("__default__", *APART) for node in PIPELINES[name].nodes]
NAMES = (
    "ingest", "split", "train", "infer", "activations", "boost", "report", "submit", *APART, "__default__",
)  # fmt: skip
OF_ALL_PARAMETERS = {"base", "candidates", "choices", "problems"}
FOLDERS = {"raw_folder", "photos", "own_photos", "members"}
TRAINED = {
    "activation_networks", "large_checkpoint", "num_predicted", "recognizer", "trained_heads",
}  # fmt: skip


def modules_in(folder: Path) -> set[str]:
    return {path.stem.removeprefix("test_") for path in folder.glob("*.py")} - {"__init__", "conftest"}


def conf(project: Path, **runtime_params: str) -> dict[str, Any]:
    from apparel_eye.settings import CONFIG_LOADER_ARGS

    loader = OmegaConfigLoader(str(project / "conf"), env="base", runtime_params=runtime_params, **CONFIG_LOADER_ARGS)
    return {name: entry for name, entry in loader["catalog"].items() if not name.startswith("_")}


def datasets_of(pipeline: Pipeline) -> list[str]:
    return sorted(name for name in pipeline.datasets() if not name.startswith("params:"))


@pytest.fixture(scope="module")
def catalog(project: Path) -> DataCatalog:
    return DataCatalog.from_config(conf(project))


def test_the_pipelines_are_those_of_the_design() -> None:
    assert tuple(PIPELINES) == NAMES


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("conf/base", lambda folder: {path.name for path in folder.iterdir() if path.is_dir()} - {"experiments"}),
        (
            "src/apparel_eye/parameters",
            lambda folder: modules_in(folder) - {"base", "candidates", "choices", "problems"},
        ),
        ("tests/pipelines", modules_in),
        ("src/apparel_eye/pipelines", lambda folder: {path.parent.name for path in folder.glob("*/pipeline.py")}),
    ],
)
def test_one_word_opens_everything(project: Path, folder: str, names: Callable[[Path], set[str]]) -> None:
    assert names(project / folder) == {*NAMES} - {"__default__"}


def test_the_default_is_all_but_those_apart() -> None:
    others = [pipeline for name, pipeline in PIPELINES.items() if name not in (*APART, "__default__")]
    assert set(PIPELINES["__default__"].nodes) == set(sum(others, Pipeline([])).nodes)


@pytest.mark.parametrize("name", NAMES)
def test_a_pipeline_contains_what_it_needs(name: str) -> None:
    free = {entry for entry in PIPELINES[name].inputs() if not entry.startswith(("params:", "known_"))}
    free = {entry for entry in free if not entry.endswith("_resume_from")}
    assert free - FOLDERS == (TRAINED if name == "predict" else set())


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_made_is_written_sealed(catalog: DataCatalog, name: str) -> None:
    made = sorted(PIPELINES[name].all_outputs())
    assert [entry for entry in made if entry not in catalog] == []
    assert [entry for entry in made if not isinstance(catalog[entry], SealedDataset)] == []


def test_all_submissions_and_nothing_else_is_handed_in(catalog: DataCatalog) -> None:
    made = {entry for pipeline in PIPELINES.values() for entry in pipeline.all_outputs()}
    handed_in = {entry for entry in made if catalog[entry].handed_in}
    assert handed_in == {entry for entry in made if re.search(r"/submission(s/\w+)?\.csv$", str(catalog[entry].path))}
    assert len(handed_in) == len(CANDIDATES) + 2  # the chosen one's and the ensemble's


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_only_read_is_a_folder_or_made_by_another_pipeline(catalog: DataCatalog, name: str) -> None:
    made = {entry for pipeline in PIPELINES.values() for entry in pipeline.all_outputs()}
    read = [entry for entry in datasets_of(PIPELINES[name]) if entry not in made]
    allowed = {EarlierDataset, RawFolderDataset, PhotoFolderDataset, OwnPhotosDataset, MembersDataset, HeadsDataset}
    assert {type(catalog[entry]) for entry in read} <= allowed


def test_what_goes_on_from_an_earlier_run_reads_a_file_that_it_writes(catalog: DataCatalog) -> None:
    found = []
    for node in ALL_NODES:
        earlier = [catalog[entry].written for entry in node.inputs if isinstance(catalog.get(entry), EarlierDataset)]
        written = [each for each in map(catalog.get, node.outputs) if isinstance(each, ResumableDataset)]
        as_told = [(type(each), each.path, each.on_change) for each in written]
        assert [each for each in earlier if (type(each), each.path, each.on_change) not in as_told] == [], node.name
        found += earlier
    assert len(found) == 4 + 2 * len(STAGES)


def test_every_entry_of_the_catalog_is_used(project: Path, catalog: DataCatalog) -> None:
    entries, resolver = conf(project), catalog.config_resolver
    used = {name for pipeline in PIPELINES.values() for name in datasets_of(pipeline)}
    matched = {name if name in entries else resolver.match_dataset_pattern(name) for name in used}
    assert set(entries) - matched == set()


def test_what_paths_begin_with_is_the_same_in_all_files(project: Path) -> None:
    """Kedro merges the files before it puts these values in."""
    files = [yaml.safe_load(path.read_text()) for path in sorted(project.glob("conf/base/*/catalog.yml"))]
    values = [(name, value) for entries in files for name, value in entries.items() if name.startswith("_")]
    of_paths = {name for name, value in values if isinstance(value, str)}
    assert {"_data", "_category", "_raw"} <= of_paths
    different = {name: {str(value) for other, value in values if other == name} for name in of_paths}
    assert {name: found for name, found in different.items() if len(found) > 1} == {}


def test_no_two_datasets_are_one_file(catalog: DataCatalog) -> None:
    made = sorted({entry for pipeline in PIPELINES.values() for entry in pipeline.all_outputs()})
    paths = [catalog[entry].path for entry in made]
    assert sorted(set(paths)) == sorted(paths)


def test_results_of_categories_and_output_roots_stand_side_by_side(project: Path) -> None:
    catalog = DataCatalog.from_config(conf(project, category="coat_length", data="/out"))
    for entry in sorted({entry for pipeline in PIPELINES.values() for entry in pipeline.all_outputs()}):
        assert re.match(r"/out/0\d_\w+/coat_length/", catalog[entry].path.as_posix()), entry


@pytest.mark.parametrize("node", ALL_NODES, ids=lambda node: node.name)
def test_every_argument_of_a_node_has_a_type_that_resolves(node: Any) -> None:
    hints = get_type_hints(node.func)
    code = node.func.__code__
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    assert set(arguments) | {"return"} <= set(hints)


def imported(done: subprocess.CompletedProcess[str]) -> Iterator[str]:
    """Modules in the report of PYTHONPROFILEIMPORTTIME: `import time: 1 | 2 | name`."""
    for line in done.stderr.splitlines():
        if line.startswith("import time:"):
            yield line.rpartition("|")[2].strip()


def test_listing_the_pipelines_imports_no_torch(project: Path, empty_tracking: Path) -> None:
    command = [str(Path(sys.executable).with_name("kedro")), "registry", "list"]
    environment = {
        **os.environ,
        "PYTHONPROFILEIMPORTTIME": "1",
        "MLFLOW_TRACKING_URI": f"sqlite:///{empty_tracking}",
    }
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True)
    assert sorted(re.findall(r"^- (\S+)", done.stdout, flags=re.MULTILINE)) == sorted(NAMES)
    modules = set(imported(done))
    assert "apparel_eye.pipelines.train.nodes" in modules
    assert modules & {"torch", "timm", "xgboost", "sklearn"} == set()


def test_types_of_nodes_resolve_without_torch() -> None:
    code = (
        "import sys, typing\n"
        "from apparel_eye.pipeline_registry import register_pipelines\n"
        "nodes = [node for pipeline in register_pipelines().values() for node in pipeline.nodes]\n"
        "hints = [typing.get_type_hints(node.func) for node in nodes]\n"
        "print(len(hints) == len(nodes), 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
