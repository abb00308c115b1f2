"""What a node's fingerprint has, against what the node really uses while the whole flow runs."""

import inspect
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import kedro
import pytest
from kedro.framework.project import pipelines
from kedro.io import DataCatalog
from kedro.pipeline.node import Node
from kedro.runner.task import Task
from pydantic import BaseModel

import apparel_eye
from apparel_eye.execution.fingerprints import is_parameter
from apparel_eye.execution.reach import Place, reached_by
from apparel_eye.parameters import HeadParameters, Parameters, ProjectParameters, TrainParameters

Run = Callable[..., tuple[int, str]]
Field = tuple[str, str]
PACKAGE = Path(apparel_eye.__file__).parent
PARAMETERS = ProjectParameters.__module__
KEDRO = Path(kedro.__file__).parent
CALLERS = (KEDRO / "pipeline" / "node.py", KEDRO / "runner" / "task.py")
"""Of nodes' functions, and of those that are generators."""
WITHOUT_EFFECT = {("TrainParameters", name) for name in ("readers", "save_every_steps", "on_change")}
OF_CHECKPOINT = {"infer.predict_photos": {("HeadParameters", name) for name in HeadParameters.model_fields}}
UNREAD = {
    "assign_subsets": "rare_values",
    "draw_copies": "formats ground max_bytes max_pixels max_side_ratio min_side",
    "extract_activations": "flip_share grid max_brightness max_contrast max_hue max_rotation num_filters seed size "
    "zoom_share",
    "find_head_rate": "compile focal_gamma freeze_statistics order_weight processes weight_average",
    "find_photos": "conflicts group_pattern",
    "find_rate": "backbone focal_gamma head order_weight processes resize weight_average",
    "fine_tune": "backbone focal_gamma head order_weight resize",
    "make_manifest": "allow_missing answers values",
    "train_bags": "patience",
    "train_head": "compile focal_gamma freeze_statistics order_weight processes",
    "train_xgboost": "patience",
}
AS_A_WHOLE = {"choose_networks", "describe_recognizer"}
"""Nodes that train networks of other folds, if that is asked for, and that write down what was given."""
FOUND_RATES = {f"train__stages__small__{phase}__learning_rate": "auto" for phase in ("head", "fine_tune")}


def is_of_node(frame: FrameType | None) -> bool:
    """Whether a node has called, and not a dataset that loads its inputs and saves its outputs."""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if any(path.is_relative_to(place) for place in (PACKAGE / "datasets", PACKAGE / "tracking")):
            return False  # tracking has a thread of its own, which may run beside any node
        if path.is_relative_to(KEDRO):
            return path in CALLERS
        frame = frame.f_back
    return True  # in a thread


class Watch:
    """Code that nodes run, and fields of parameters that they read, by the node's name."""

    def __init__(self) -> None:
        self.codes: dict[str, set[CodeType]] = defaultdict(set)
        self.fields: dict[str, set[Field]] = defaultdict(set)
        self.given: dict[str, dict[str, Any]] = {}
        self.node = ""

    def called(self, frame: FrameType, event: str, argument: object) -> None:
        known = self.codes[self.node]
        if frame.f_code not in known and frame.f_code.co_filename.startswith(str(PACKAGE)) and is_of_node(frame):
            known.add(frame.f_code)

    @contextmanager
    def watching(self, node: Node, catalog: DataCatalog) -> Iterator[None]:
        self.node = node.name
        self.given[node.name] = {name: catalog.load(name) for name in node.inputs if is_parameter(name)}
        before = sys.gettrace()
        threading.settrace(self.called)
        sys.settrace(self.called)
        try:
            yield
        finally:
            sys.settrace(before)
            threading.settrace(before)  # type: ignore[arg-type]
            self.node = ""


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture
def watched(watch: Watch, kedro_run: Run, garments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The whole flow was run once under watch."""
    if watch.codes:
        return watch
    execute, get = Task.execute, Parameters.__getattribute__

    def watched_execute(task: Task) -> Any:
        with watch.watching(task.node, task.catalog):
            return execute(task)

    def noted_get(model: Parameters, name: str) -> Any:
        if watch.node and type(model).__module__.startswith(PARAMETERS) and name in type(model).model_fields:
            watch.fields[watch.node].add((owner(type(model)), name))
        return get(model, name)

    monkeypatch.setattr(Task, "execute", watched_execute)
    monkeypatch.setattr(Parameters, "__getattribute__", noted_get)
    code, said = kedro_run(
        raw=garments, category="skirt_length", data=tmp_path / "data", ingest__max_quarantine_share=0.1, **FOUND_RATES
    )
    assert code == 0, said
    return watch


def owner(model: type[BaseModel]) -> str:
    """The class that a field is said of: parts of `train` are handed on as models of their own."""
    return TrainParameters.__name__ if issubclass(TrainParameters, model) else model.__name__


def fields_of(name: str, value: Any) -> set[Field]:
    """Fields of parameters that an input of a node stands for."""
    *parents, last = name.removeprefix("params:").split(".")
    model: Any = ProjectParameters
    for parent in parents:
        model = model.model_fields[parent].annotation
    return {(owner(model), last), *_below(value)}


def _below(value: Any) -> Iterator[Field]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if not field.exclude:
                yield owner(type(value)), name
                yield from _below(getattr(value, name))


def module_of(code: CodeType) -> str:
    return ".".join(Path(code.co_filename).relative_to(PACKAGE.parent).with_suffix("").parts)


def nodes() -> dict[str, Node]:
    return {node.name: node for node in pipelines["__default__"].nodes}


def test_all_code_that_a_node_runs_is_in_its_fingerprint(watched: Watch) -> None:
    assert {name for name, codes in watched.codes.items() if codes} == set(nodes())
    missing = []
    for name, node in nodes().items():
        reached = reached_by(node.func)
        modules = {place.module for place in reached}
        for code in watched.codes[name]:
            place = Place(module_of(code), code.co_qualname.partition(".")[0])
            is_found = place.module in modules if place.name.startswith("<") else place in reached
            if code.co_flags & inspect.CO_OPTIMIZED and not is_found:  # not a module or a class that is imported
                missing.append(f"{name}: {place.module} {code.co_qualname}")
    assert sorted(missing) == []


def test_all_parameters_that_a_node_reads_are_in_its_fingerprint(watched: Watch) -> None:
    missing = {
        name: sorted(lacking)
        for name, read in watched.fields.items()
        if (lacking := read - in_fingerprint(watched, name) - WITHOUT_EFFECT - OF_CHECKPOINT.get(name, set()))
    }
    assert missing == {}


def test_hardly_any_parameters_are_in_the_fingerprint_of_a_node_that_does_not_read_them(watched: Watch) -> None:
    """Left are those of choices that were not made here, and few that do not matter to one of the phases."""
    unread: dict[str, set[Field]] = {}
    for name, given in watched.given.items():
        by_themselves = {each for parameter in given for each in fields_of(parameter, None)}
        left = in_fingerprint(watched, name) - by_themselves - watched.fields[name]
        family = name.rpartition(".")[2]  # what no stage reads
        unread[family] = left & unread.get(family, left)
    assert {
        name: " ".join(sorted(field for _, field in left))
        for name, left in unread.items()
        if left and name not in AS_A_WHOLE
    } == UNREAD


def in_fingerprint(watched: Watch, name: str) -> set[Field]:
    return set().union(*(fields_of(*each) for each in watched.given[name].items()))
