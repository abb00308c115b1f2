import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.io.core import DatasetError
from kedro.pipeline import Node, Pipeline

from apparel_eye.errors import SurroundingsError
from apparel_eye.io import AtomicDataset, RawFolderDataset
from apparel_eye.raw_folder import RawFolder
from apparel_eye.runner import FinishedRunner, _checksum_of, fingerprint_of

PARAMETERS = {"scale": 1, "offset": 10, "fail_after": 9}
ALL = ["measure", "shift", "count", "grow"]


class Bench:
    """A pipeline of four nodes on files of a folder; it notes which nodes ran."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[str] = []
        self.pipeline = Pipeline(
            [
                Node(self._measure, ["raw", "params:scale"], "sizes", name="measure"),
                Node(self._shift, ["sizes", "params:offset"], ["shifted", "total"], name="shift"),
                Node(self._count, "sizes", "counted", name="count"),
                Node(self._grow, ["shifted", "params:fail_after"], ["grown", "last"], name="grow"),
            ]
        )

    def run(self, **parameters: int) -> list[str]:
        """The nodes that ran, in the order of the pipeline."""
        self.ran.clear()
        FinishedRunner().run(self.pipeline, self.catalog(**parameters))
        return sorted(self.ran, key=ALL.index)

    def catalog(self, **parameters: int) -> DataCatalog:
        names = sorted(self.pipeline.all_outputs())
        files = {name: AtomicDataset(str(self.path(name)), {"type": "json.JSONDataset"}) for name in names}
        given = {f"params:{name}": MemoryDataset(value) for name, value in {**PARAMETERS, **parameters}.items()}
        return DataCatalog({"raw": RawFolderDataset(str(self.folder / "raw")), **files, **given})

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def content(self, name: str) -> Any:
        return self.catalog()[name].load()

    def _measure(self, raw: RawFolder, scale: int) -> list[int]:
        self.ran.append("measure")
        return [scale * file.size for file in raw.files]

    def _shift(self, sizes: list[int], offset: int) -> tuple[list[int], int]:
        self.ran.append("shift")
        return [size + offset for size in sizes], sum(sizes)

    def _count(self, sizes: list[int]) -> int:
        self.ran.append("count")
        return len(sizes)

    def _grow(self, shifted: list[int], fail_after: int) -> Iterator[tuple[list[int], int]]:
        self.ran.append("grow")
        for position, number in enumerate(shifted):
            if position == fail_after:
                raise RuntimeError("no more")
            yield shifted[: position + 1], number


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench on a raw folder of an empty file and one of two bytes, run once."""
    for name, content in (("a", b""), ("b", b"bb")):
        (tmp_path / "raw").mkdir(exist_ok=True)
        (tmp_path / "raw" / name).write_bytes(content)
    bench = Bench(tmp_path)
    assert bench.run() == ALL
    return bench


def test_the_first_run_makes_everything(bench: Bench) -> None:
    made = {name: bench.content(name) for name in ("sizes", "shifted", "total", "counted", "grown", "last")}
    assert made == {"sizes": [0, 2], "shifted": [10, 12], "total": 2, "counted": 2, "grown": [10, 12], "last": 12}


def test_the_same_run_again_makes_nothing(bench: Bench) -> None:
    assert bench.run() == []


def test_a_changed_parameter_reruns_its_node_and_what_comes_out_differently_after_it(bench: Bench) -> None:
    assert bench.run(offset=11) == ["shift", "grow"]
    assert bench.content("grown") == [11, 13]
    assert bench.run(offset=11) == []
    assert bench.run(scale=3, offset=11) == ["measure", "shift", "count", "grow"]


def test_a_changed_input_reruns_everything_that_comes_out_differently(bench: Bench) -> None:
    (bench.folder / "raw" / "c").write_bytes(b"ccc")
    assert bench.run() == ALL
    assert bench.content("grown") == [10, 12, 13]


def test_a_node_whose_inputs_came_out_the_same_is_not_run_again(bench: Bench) -> None:
    (bench.folder / "raw" / "a").write_bytes(b"")  # later, but as long
    assert bench.run() == ["measure"]


@pytest.mark.parametrize(
    ("absent", "ran"), [("sizes", ["measure"]), ("total", ["shift"]), ("counted", ["count"]), ("last", ["grow"])]
)
@pytest.mark.parametrize("suffix", ["", ".seal"], ids=["file", "seal"])
def test_an_absent_output_reruns_the_node_that_makes_it(bench: Bench, absent: str, ran: list[str], suffix: str) -> None:
    path = bench.path(absent)
    path.with_name(path.name + suffix).unlink()
    assert bench.run() == ran
    assert bench.run() == []


def test_a_damaged_output_stops_the_node_that_reads_it_and_is_made_again_once_deleted(bench: Bench) -> None:
    bench.path("sizes").write_text("[0, 3]")
    with pytest.raises(DatasetError, match=f"{bench.path('sizes')} is damaged.*delete it and run again"):
        bench.run(offset=11)
    assert bench.content("shifted") == [10, 12]
    bench.path("sizes").unlink()
    assert bench.run(offset=11) == ["measure", "shift", "grow"]


def test_a_generator_that_fails_midway_is_not_finished(bench: Bench) -> None:
    with pytest.raises(RuntimeError, match="no more"):
        bench.run(fail_after=1)
    assert bench.content("grown") == [10]  # what it yielded before is kept
    with pytest.raises(RuntimeError, match="no more"):
        bench.run(fail_after=1)
    assert bench.run() == ["grow"]  # though these very settings were finished once
    assert bench.content("grown") == [10, 12]


def test_nodes_before_one_that_fails_are_finished(bench: Bench) -> None:
    with pytest.raises(RuntimeError, match="no more"):
        bench.run(scale=2, fail_after=0)
    assert bench.run(scale=2) == ["grow"]


def test_a_changed_line_of_the_pipeline_changes_its_fingerprint(bench: Bench, tmp_path: Path) -> None:
    def fingerprint() -> str:
        _checksum_of.cache_clear()
        return fingerprint_of(node, bench.catalog())

    code = tmp_path / "some_pipeline"
    code.mkdir()
    (code / "nodes.py").write_text("def double(sizes):\n    return 2 * sizes\n")
    (code / "more.py").write_text("A = 1\n")
    node = Node(function_of(code / "nodes.py", "double"), "sizes", "doubled", name="double")
    before = fingerprint()
    (tmp_path / "elsewhere.py").write_text("A = 1\n")
    assert fingerprint() == before
    (code / "more.py").write_text("A = 2\n")
    assert fingerprint() != before


def function_of(path: Path, name: str) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., Any] = getattr(module, name)
    return function


@pytest.mark.fault(57)
def test_where_nothing_can_be_written_no_node_runs(
    open_folder: Path, nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    (open_folder / "raw").mkdir()
    (open_folder / "raw" / "a").write_bytes(b"")
    bench = Bench(open_folder)
    with nobody():
        with pytest.raises(PermissionError):
            (open_folder / "new").mkdir()
        with pytest.raises(SurroundingsError, match=f"{open_folder}: nothing can be written.*data=FOLDER"):
            bench.run()
    assert bench.ran == []


@pytest.mark.fault(57)
def test_a_file_in_the_place_of_the_output_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a").write_bytes(b"")
    (tmp_path / "results").write_text("mine")
    bench = Bench(tmp_path / "results")
    with pytest.raises(SurroundingsError, match="results: it is a file, not a folder"):
        FinishedRunner().run(
            bench.pipeline, DataCatalog({**bench.catalog(), "raw": RawFolderDataset(str(tmp_path / "raw"))})
        )
    assert bench.ran == []
