"""What Kedro-Viz shows in the browser, asked of what answers its requests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro_viz.api.rest.responses.pipelines import get_pipeline_response
from kedro_viz.data_access import data_access_manager
from kedro_viz.server import populate_data

from apparel_eye.parameters import STAGES
from apparel_eye.pipeline_registry import register_pipelines
from apparel_eye.settings import CONFIG_LOADER_ARGS

CARD = ("ingest", "split", "train", "infer", "activations", "boost", "report", "submit")
NEXT_TO_EACH_OTHER = {
    ("ingest", "split"), ("split", "train"), ("train", "infer"), ("train", "activations"), ("activations", "boost"),
    ("infer", "report"), ("boost", "report"), ("report", "submit"),
}  # fmt: skip
PIPELINES = register_pipelines()
Shown = Callable[[str], "Page"]


class Page:
    """A registered pipeline in the browser: what lies in each box, and the edges."""

    def __init__(self, pipeline: str) -> None:
        answer: Any = get_pipeline_response(pipeline)
        self.names = {node.id: node.name for node in answer.nodes}
        self.boxes = {box: tree.children for box, tree in answer.modular_pipelines.items()}
        self.edges = {(edge.source, edge.target) for edge in answer.edges}

    def inside(self, box: str, kind: str) -> set[str]:
        """Ids of the boxes, or names of the nodes or datasets, that are seen once a box is open."""
        ids = {child.id for child in self.boxes[box] if child.type == kind}
        return ids if kind == "modularPipeline" else {self.names[each] for each in ids}

    def passed(self) -> dict[tuple[str, str], set[str]]:
        """Datasets that are seen while all boxes are closed, by the boxes that they pass between."""
        first, between = self.inside("__root__", "modularPipeline"), {}
        for source, data in self.edges:
            if source in first:
                for target in {target for start, target in self.edges if start == data} & first:
                    between.setdefault((source, target), set()).add(self.names[data])
        return between


@pytest.fixture(scope="module")
def shown(project: Path) -> Shown:
    loader = OmegaConfigLoader(str(project / "conf"), env="base", **CONFIG_LOADER_ARGS)
    data_access_manager.reset_fields()
    populate_data(data_access_manager, DataCatalog.from_config(catalog_of(loader)), PIPELINES, {})
    return Page


def catalog_of(loader: Any) -> dict[str, Any]:
    return {name: entry for name, entry in loader["catalog"].items() if not name.startswith("_")}


def datasets_of(pipeline: Pipeline) -> set[str]:
    return {name for name in pipeline.datasets() if not name.startswith("params:")}


def test_the_flow_opens_as_the_boxes_of_the_card_in_its_order(shown: Shown) -> None:
    page = shown("__default__")
    assert page.inside("__root__", "modularPipeline") == set(CARD)
    assert page.inside("__root__", "task") == set()
    between = page.passed()
    assert set(between) >= NEXT_TO_EACH_OTHER
    assert [pair for pair in between if CARD.index(pair[0]) >= CARD.index(pair[1])] == []


def test_what_is_seen_between_closed_boxes_passes_between_them_and_is_not_much(shown: Shown) -> None:
    page = shown("__default__")
    seen = page.inside("__root__", "data")
    assert seen - {"photos"} == set().union(*page.passed().values())
    assert len(seen) <= 30


def test_no_box_hangs_loose(shown: Shown) -> None:
    between = shown("__default__").passed()
    assert {target for _, target in between} == set(CARD) - {"ingest"}
    assert {source for source, _ in between} == set(CARD) - {"submit"}


def test_a_box_of_training_holds_one_for_each_stage(shown: Shown) -> None:
    page = shown("__default__")
    assert page.inside("train", "modularPipeline") == {f"train.{stage}" for stage in STAGES}
    assert all(page.inside(f"train.{stage}", "task") >= {"train_head", "fine_tune"} for stage in STAGES)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_node_and_dataset_is_seen_once_the_boxes_are_open(shown: Shown, name: str) -> None:
    page = shown(name)
    assert page.inside("__root__", "modularPipeline") == {
        str(node.namespace).split(".")[0] for node in PIPELINES[name].nodes
    }
    assert set().union(*(page.inside(box, "data") for box in page.boxes)) == datasets_of(PIPELINES[name])
    nodes = sorted(node.short_name for node in PIPELINES[name].nodes)
    assert sorted(each for box in page.boxes for each in page.inside(box, "task")) == nodes


@pytest.mark.parametrize("box", ["train.small", "boost"])
def test_a_box_can_be_run_alone_with_all_that_it_reads(box: str) -> None:
    alone = PIPELINES["__default__"].filter(node_namespaces=[box])
    made = alone.all_outputs()
    assert alone.inputs() == {name for node in alone.nodes for name in node.inputs} - made
    assert {node.namespace for node in alone.nodes} == {box}


def test_boxes_can_be_deployed_as_groups() -> None:
    groups = {group.name: set(group.dependencies) for group in PIPELINES["__default__"].group_nodes_by("namespace")}
    assert set(groups) == set(CARD)
    assert [name for name in CARD if groups[name] - set(CARD[: CARD.index(name)])] == []
