import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.io.core import DatasetError
from kedro.pipeline import Node, Pipeline

from apparel_eye import signals
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.datasets import AtomicDataset, RawFolderDataset, notes
from apparel_eye.errors import DataError, LockedError, StoppedError, SystemEnvironmentError
from apparel_eye.execution import locks, runner
from apparel_eye.execution.runner import FinishedRunner

PARAMETERS = {"scale": 1, "offset": 10, "fail_after": 9}
ALL = ["measure", "shift", "count", "grow"]


class Bench:
    """A pipeline of four nodes on files of a folder; it notes which nodes ran."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[str] = []
        self.handed_in: set[str] = set()
        self.meanwhile: Callable[[], None] = lambda: None  # happens while `count` runs
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
        as_json = {"type": "json.JSONDataset"}
        files = {name: AtomicDataset(str(self.path(name)), as_json, name in self.handed_in) for name in names}
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
        self.meanwhile()
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
@pytest.mark.parametrize("what", ["file", "seal"])
def test_an_absent_output_reruns_the_node_that_makes_it(bench: Bench, absent: str, ran: list[str], what: str) -> None:
    path = bench.path(absent)
    (path if what == "file" else notes.place_of(path, notes.SEAL)).unlink()
    assert bench.run() == ran
    assert bench.run() == []


def test_a_damaged_output_stops_the_node_that_reads_it_and_is_made_again_once_it_is_gone(bench: Bench) -> None:
    bench.path("sizes").write_text("[0, 3]")
    with pytest.raises(DatasetError, match=f"{bench.path('sizes')} is damaged.*move it away and run again"):
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


@pytest.mark.fault(117)
def test_what_people_hand_in_is_checked_when_it_is_found_finished(bench: Bench) -> None:
    handed_in = bench.path("counted")
    content = handed_in.read_bytes()
    bench.handed_in = {"counted"}
    assert bench.run() == []
    handed_in.write_text("3")
    bench.path("last").write_text("3")  # nobody hands it in, and no node reads it
    with pytest.raises(DataError, match=f"{handed_in} is damaged.*move it away and run again"):
        bench.run()
    assert handed_in.read_text() == "3"  # it may be somebody's edit
    handed_in.rename(bench.folder / "away")
    assert bench.run() == ["count"]
    assert handed_in.read_bytes() == content


def test_what_people_hand_in_is_made_again_when_it_is_of_something_else(bench: Bench) -> None:
    bench.handed_in = {"counted"}
    bench.path("counted").write_text("3")
    (bench.folder / "raw" / "c").write_bytes(b"ccc")
    assert "count" in bench.run()
    assert bench.content("counted") == 3


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
        with pytest.raises(SystemEnvironmentError, match=f"{open_folder}: nothing can be written.*data=FOLDER"):
            bench.run()
    assert bench.ran == []


@pytest.mark.fault(57)
def test_a_file_in_the_place_of_the_output_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a").write_bytes(b"")
    (tmp_path / "results").write_text("mine")
    bench = Bench(tmp_path / "results")
    with pytest.raises(SystemEnvironmentError, match="results: it is a file, not a folder"):
        FinishedRunner().run(
            bench.pipeline, DataCatalog({**bench.catalog(), "raw": RawFolderDataset(str(tmp_path / "raw"))})
        )
    assert bench.ran == []


@pytest.mark.fault(99)
def test_a_second_run_that_would_write_to_the_same_folder_runs_no_node(bench: Bench) -> None:
    receiving, sending = os.pipe()

    def wait() -> None:
        os.write(sending, b"x")
        signal.pause()

    child = os.fork()
    if not child:
        try:
            bench.meanwhile = wait
            bench.run(scale=2)
        finally:
            os._exit(1)
    assert os.read(receiving, 1) == b"x"
    with pytest.raises(LockedError, match=f"{bench.folder} is in use by another run .process {child} on"):
        bench.run()
    assert bench.ran == []
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert "measure" in bench.run()


@pytest.mark.fault(93)
def test_what_killed_saves_left_is_removed_at_the_next_start(bench: Bench) -> None:
    left = [".123-sizes.json", ".seals/.123-sizes.json.seal", ".77-grown.json"]
    for name in left:
        (bench.folder / name).write_text("half")
    bench.run()
    assert [name for name in left if (bench.folder / name).exists()] == []


def put_beside(folder: Path) -> int:
    """Notes to where earlier versions kept them; how many."""
    found = list((folder / ".seals").iterdir())
    for note in found:
        note.rename(folder / note.name)
    (folder / ".seals").rmdir()
    return len(found)


def test_what_an_earlier_version_noted_beside_its_files_is_moved_in_once_and_said(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    num_notes = put_beside(bench.folder)
    (bench.folder / "of another pipeline.json.seal").write_text("{}")
    assert bench.run() == []
    assert f"{num_notes + 1} checksums and other notes of an earlier version moved into .seals" in caplog.text
    assert [path.name for path in bench.folder.glob("*.seal")] == []
    caplog.clear()
    assert bench.run() == []
    assert "moved" not in caplog.text


def test_a_run_moves_notes_in_only_where_no_other_run_writes(bench: Bench) -> None:
    put_beside(bench.folder)
    before = sorted(bench.folder.rglob("*"))
    with locks.held([bench.folder]), pytest.raises(LockedError):
        bench.run()
    assert sorted(bench.folder.rglob("*")) == before


@pytest.mark.fault(57)
def test_where_no_checksum_can_be_written_no_node_runs(
    open_folder: Path, nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    (open_folder / "raw").mkdir()
    (open_folder / ".seals").mkdir(0o755)
    open_folder.chmod(0o777)
    bench = Bench(open_folder)
    with nobody(), pytest.raises(SystemEnvironmentError, match=rf"{open_folder}/\.seals: nothing can be written"):
        bench.run()
    assert bench.ran == []


def test_a_run_that_makes_nothing_leaves_no_folders(bench: Bench) -> None:
    other = Bench(bench.folder / "new" / "results")
    with pytest.raises(DataError, match="raw does not exist"):
        other.run()
    assert not (bench.folder / "new").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.fault(95)
def test_a_run_that_is_asked_to_stop_says_what_it_did_and_goes_on_later(bench: Bench, number: signal.Signals) -> None:
    def ask() -> None:
        signal.raise_signal(number)

    bench.meanwhile = ask
    with signals.handled(), pytest.raises(StoppedError) as caught:
        bench.run(scale=2)
    assert caught.value.exit_code == 128 + number
    assert str(caught.value) == f"stopped by {number.name} during count; the same command goes on from there"
    bench.meanwhile = lambda: None
    assert "count" in bench.run(scale=2)
    assert "measure" not in bench.ran


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.fault(95)
def test_a_request_that_came_while_nothing_could_be_raised_is_heard_before_the_next_node(bench: Bench) -> None:
    class Doomed:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    bench.meanwhile = lambda: Doomed() and None
    with signals.handled(), pytest.raises(StoppedError, match="SIGTERM"):
        bench.run(scale=2)
    assert set(bench.ran) < set(ALL)
    assert "count" in bench.ran


def test_another_version_of_a_library_is_told_once_and_makes_nothing_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    versions = {"torch": "1.0", "pillow": "9.9"}
    monkeypatch.setattr(runner, "versions_of", lambda node: dict(versions))
    assert bench.run(scale=3) == ALL
    assert bench.run(scale=3) == []
    assert "made with" not in caplog.text
    versions["torch"] = "2.0"
    assert bench.run(scale=3) == []
    [told] = [record.getMessage() for record in caplog.records if "made with" in record.getMessage()]
    assert "made with torch 1.0, installed is 2.0: loaded as it is; --params data=FOLDER" in told
    assert bench.run(scale=2) == ALL
    caplog.clear()
    assert bench.run(scale=2) == []
    assert "made with" not in caplog.text


def test_results_of_a_version_that_noted_less_are_made_anew_and_that_is_said_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "apparel_eye")
    assert bench.run() == []
    assert "earlier version" not in caplog.text
    for name in sorted(bench.pipeline.all_outputs()):
        note = notes.place_of(bench.path(name), notes.SEAL)
        sealed = json.loads(note.read_text())
        del sealed["made_with"]
        note.write_text(json.dumps({**sealed, "made_from": "as 0.1.0 counted"}))
    assert bench.run() == ALL
    assert caplog.text.count("6 results here are of an earlier version") == 1
    caplog.clear()
    assert bench.run() == []
    assert "earlier version" not in caplog.text
