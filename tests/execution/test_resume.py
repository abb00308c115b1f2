import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from apparel_eye.datasets import AtomicDataset, CheckpointDataset, EarlierDataset, notes, seal
from apparel_eye.errors import UsageError
from apparel_eye.execution import fingerprints, resume
from apparel_eye.execution.runner import FinishedRunner
from apparel_eye.networks.checkpoint import Checkpoint, State

NUM_STEPS = 5
SETTINGS = {"rates": {"head": 0.001, "all": [1, 2]}, "loss": "cross entropy"}


class StoppedError(Exception):
    """Training was stopped."""


class Training:
    """Two phases of training on files of a folder, each of five steps; a phase notes the steps that it took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stop_after = 99
        self.took: list[str] = []
        self.pipeline = Pipeline(
            [
                Node(lambda size: size, "params:size", "manifest", name="ingest"),
                Node(self._head, ["manifest", "head_resume_from", "params:train"], "head", name="train_head"),
                Node(self._all, ["manifest", "all_resume_from", "params:train", "head"], "all", name="train_all"),
            ]
        )

    def run(self, stop_after: int = 99, on_change: str | None = None, size: int = 3, **settings: Any) -> list[str]:
        """Train with these settings; after so many steps it is stopped. The steps that it took."""
        self.stop_after = stop_after
        self.took.clear()
        FinishedRunner().run(self.pipeline, self.catalog(size, on_change, {**SETTINGS, **settings}))
        return list(self.took)

    def stopped(self, stop_after: int, **settings: Any) -> list[str]:
        """Train until it is stopped."""
        with pytest.raises(StoppedError):
            self.run(stop_after, **settings)
        return list(self.took)

    def catalog(self, size: int, on_change: str | None, settings: dict[str, Any]) -> DataCatalog:
        files = {}
        for phase in ("head", "all"):
            files[phase] = CheckpointDataset(str(self.path(phase)))
            files[f"{phase}_resume_from"] = EarlierDataset(
                {"type": CheckpointDataset, "filepath": str(self.path(phase))}
            )
        given = {"params:size": size, "params:train": settings}
        if on_change is not None:
            given["params:train.on_change"] = on_change
        manifest = AtomicDataset(str(self.folder / "manifest.json"), {"type": "json.JSONDataset"})
        return DataCatalog(
            {"manifest": manifest, **files, **{name: MemoryDataset(value) for name, value in given.items()}}
        )

    def path(self, phase: str) -> Path:
        return self.folder / f"{phase}.safetensors"

    def begun(self, phase: str) -> Path:
        return notes.place_of(self.path(phase), notes.BEGUN)

    def result(self, phase: str) -> list[float]:
        checkpoint = CheckpointDataset(str(self.path(phase))).load()
        assert checkpoint.state is None
        return checkpoint.of("last")["weight"].tolist()

    def _head(self, manifest: int, resume_from: Checkpoint, train: dict[str, Any]) -> Iterator[Checkpoint]:
        yield from self._phase("head", manifest, resume_from, train)

    def _all(
        self, manifest: int, resume_from: Checkpoint, train: dict[str, Any], head: Checkpoint
    ) -> Iterator[Checkpoint]:
        yield from self._phase("all", manifest, resume_from, train)

    def _phase(self, name: str, manifest: int, resume_from: Checkpoint, train: dict[str, Any]) -> Iterator[Checkpoint]:
        weight, first = np.zeros(manifest), 1
        if resume_from.state is not None:
            weight, first = resume_from.state.arrays["weight"], resume_from.state.notes["step"] + 1
        for step in range(first, NUM_STEPS + 1):
            if len(self.took) == self.stop_after:
                raise StoppedError
            weight = weight + train["rates"]["head"] * step
            self.took.append(f"{name} {step}")
            yield Checkpoint({}, {}, state=State({"weight": weight}, {"step": step}))
        yield Checkpoint({NUM_STEPS: {"weight": weight}}, {"last": NUM_STEPS})


def contents_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


HEAD = [f"head {step}" for step in range(1, NUM_STEPS + 1)]
ALL = [f"all {step}" for step in range(1, NUM_STEPS + 1)]
WHOLE = pytest.approx([0.015] * 3)


@pytest.fixture
def training(tmp_path: Path) -> Training:
    return Training(tmp_path / "results")


def test_training_that_is_not_stopped_leaves_results_only(training: Training) -> None:
    assert training.run() == HEAD + ALL
    assert training.result("head") == training.result("all") == WHOLE
    names = {path.name for path in training.folder.iterdir()}
    assert names == {".seals", "manifest.json", "head.safetensors", "all.safetensors"}
    assert training.run() == []


@pytest.mark.parametrize("stops", [[3], [0], [1, 1, 1], [5, 2], [4, 1, 4]])
@pytest.mark.fault(114)
def test_training_that_was_stopped_takes_each_step_once(training: Training, stops: list[int]) -> None:
    taken = [step for stop in stops for step in training.stopped(stop)]
    assert [phase for phase in ("head", "all") if training.begun(phase).exists()] == [["head", "all"][sum(stops) >= 5]]
    taken += training.run()
    assert taken == HEAD + ALL
    assert training.result("head") == training.result("all") == WHOLE
    assert not training.begun("all").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rates": {"head": 0.0001, "all": [1, 2]}}, ["train.rates.head: was 0.001, is 0.0001"]),
        ({"rates": {"head": 0.001, "all": [1, 3]}}, ["train.rates.all: was [1, 2], is [1, 3]"]),
        ({"loss": "focal"}, ['train.loss: was "cross entropy", is "focal"']),
        ({"more": True}, ["train.more: was not there, is true"]),
        (
            {"rates": {"head": 0.1}},
            ["train.rates.head: was 0.001, is 0.1", "train.rates.all: was [1, 2], is not there"],
        ),
    ],
)
@pytest.mark.fault(114)
def test_other_settings_are_refused_leaf_by_leaf_before_anything_runs(
    training: Training, change: dict[str, Any], words: list[str]
) -> None:
    assert training.stopped(7) == HEAD + ALL[:2]
    before = contents_of(training.folder)
    with pytest.raises(UsageError) as caught:
        training.run(**change)
    lines = str(caught.value).splitlines()
    assert lines[0] == "train_all is not finished, and began with something else:"
    assert sorted(line.strip() for line in lines[1:-1]) == sorted(words)
    assert "train.on_change=restart" in lines[-1]
    assert training.took == []
    assert contents_of(training.folder) == before
    assert training.run() == ALL[2:]
    assert training.result("all") == WHOLE


@pytest.mark.fault(114)
def test_restart_starts_the_unfinished_phase_afresh_and_says_so(
    training: Training, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    training.stopped(3)
    assert training.run(on_change="restart", rates={"head": 0.1}) == HEAD + ALL
    assert "starts afresh" in caplog.text
    assert "train.rates.head: was 0.001, is 0.1" in caplog.text
    assert training.result("head") == pytest.approx([1.5] * 3)


@pytest.mark.fault(114)
def test_restart_that_is_stopped_goes_on_with_its_own_settings(training: Training) -> None:
    training.stopped(3)
    other = {"rates": {"head": 0.1}}
    assert training.stopped(2, on_change="restart", **other) == HEAD[:2]
    with pytest.raises(UsageError, match=r"was 0.1, is 0.001"):
        training.run()
    assert training.run(on_change="restart", **other) == HEAD[2:] + ALL
    assert training.result("head") == pytest.approx([1.5] * 3)


@pytest.mark.fault(114)
def test_restart_without_a_change_goes_on(training: Training) -> None:
    training.stopped(3)
    assert training.run(on_change="restart") == HEAD[3:] + ALL


@pytest.mark.fault(114)
def test_after_finished_training_other_settings_start_afresh(training: Training) -> None:
    training.run()
    assert training.run(rates={"head": 0.1}) == HEAD + ALL
    assert training.result("all") == pytest.approx([1.5] * 3)


@pytest.mark.fault(114)
def test_what_has_taken_no_step_is_not_worth_a_refusal(training: Training) -> None:
    assert training.stopped(0) == []
    assert training.run(rates={"head": 0.1}) == HEAD + ALL


@pytest.mark.parametrize("stop_after", [3, 7])
@pytest.mark.fault(114)
def test_other_data_is_refused_by_name(training: Training, stop_after: int) -> None:
    training.stopped(stop_after)
    changed = ["  manifest has changed"]
    phase = "head"
    if stop_after > NUM_STEPS:  # the phase before it is trained anew, and then it turns out
        assert training.stopped(NUM_STEPS - 1, size=4) == HEAD[:-1]
        changed, phase = ["  head has changed", *changed], "all"
    with pytest.raises(UsageError) as caught:
        training.run(size=4)
    title = f"train_{phase} is not finished, and began with something else:"
    assert str(caught.value).splitlines()[:-1] == [title, *changed]
    assert training.run(size=4, on_change="restart") == (HEAD + ALL if phase == "head" else ALL)
    assert training.result(phase) == pytest.approx([0.015] * 4)


@pytest.mark.fault(114)
def test_other_code_and_another_torch_are_refused(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    training.stopped(3)
    monkeypatch.setattr(resume, "checksum_of", lambda function: "another checksum")
    monkeypatch.setattr(resume, "version", lambda package: "1.0")
    with pytest.raises(UsageError) as caught:
        training.run()
    code, torch = str(caught.value).splitlines()[1:3]
    assert code == "  the code has changed"
    assert torch.startswith("  torch: was ")
    assert torch.endswith(", is 1.0")
    monkeypatch.undo()
    assert fingerprints.checksum_of is resume.checksum_of
    assert training.run() == HEAD[3:] + ALL


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", "[" * 9999])
@pytest.mark.fault(114)
def test_a_state_of_which_nobody_knows_the_settings_is_not_gone_on_from(
    training: Training, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    training.stopped(3)
    begun = training.begun("head")
    begun.unlink() if text is None else begun.write_text(text)
    assert training.run(rates={"head": 0.1}) == HEAD + ALL
    assert "starts afresh" in caplog.text


@pytest.mark.fault(114)
def test_what_an_earlier_version_began_is_gone_on_with_or_refused_as_it_would_have_been(training: Training) -> None:
    training.stopped(3)
    for note in (training.folder / ".seals").iterdir():
        note.rename(training.folder / note.name)
    with pytest.raises(UsageError, match=r"train.rates.head: was 0.001, is 0.1"):
        training.run(rates={"head": 0.1})
    assert training.run() == HEAD[3:] + ALL
    assert training.result("head") == WHOLE
    assert {path.name for path in training.folder.iterdir()} == {
        ".seals", "manifest.json", "head.safetensors", "all.safetensors",
    }  # fmt: skip


@pytest.mark.fault(93, 114)
def test_the_state_before_is_used_where_the_last_is_damaged(training: Training) -> None:
    training.stopped(3)
    content = bytearray(training.path("head").read_bytes())
    content[-1] ^= 1
    training.path("head").write_bytes(content)
    assert training.run() == HEAD[2:] + ALL
    assert training.result("head") == WHOLE


@pytest.mark.parametrize("phase", ["head", "all"])
def test_what_was_killed_between_its_end_and_the_note_of_it_is_not_trained_again(
    training: Training, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = seal.mark_finished

    def kill(path: Path, *noted: Any) -> None:
        if path == training.path(phase):
            raise StoppedError
        mark(path, *noted)

    with monkeypatch.context() as patch:
        patch.setattr(seal, "mark_finished", kill)
        training.stopped(99)
    assert training.begun(phase).exists()
    assert training.run() == (ALL if phase == "head" else [])
    assert training.result(phase) == WHOLE
    assert not training.begun(phase).exists()


@pytest.mark.fault(93)
@pytest.mark.parametrize("changed", [{}, {"rates": {"head": 0.1}}], ids=["same settings", "other settings"])
@pytest.mark.parametrize("phase", ["head", "all"])
def test_what_was_killed_between_its_end_and_the_end_of_the_state_before_it_has_finished(
    training: Training, phase: str, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = seal.remove

    def kill(path: Path) -> None:
        if path.exists() and path.name == f"{phase}.before.safetensors":
            raise KeyboardInterrupt  # nothing catches it
        remove(path)

    with monkeypatch.context() as patch:
        patch.setattr(seal, "remove", kill)
        with pytest.raises(KeyboardInterrupt):
            training.run()
    assert training.run(**changed) == (HEAD + ALL if changed else ALL if phase == "head" else [])
    assert sorted(path.name for path in training.folder.glob("*.safetensors")) == [
        "all.safetensors", "head.safetensors",
    ]  # fmt: skip


def test_a_finished_file_of_before_is_not_taken_for_the_end_of_what_began_since(training: Training) -> None:
    training.run(rates={"head": 0.1})
    assert training.stopped(0) == []
    assert training.run() == HEAD + ALL
    assert training.result("head") == WHOLE


def test_a_note_that_outlived_its_training_is_removed(training: Training) -> None:
    training.stopped(8)
    note = training.begun("all").read_text()
    training.run()
    training.begun("all").write_text(note)
    training.path("all").with_name("all.before.safetensors").write_text("x")
    assert training.run() == []
    assert {path.name for path in training.folder.iterdir()} == {
        ".seals", "manifest.json", "head.safetensors", "all.safetensors",
    }  # fmt: skip


def test_a_node_that_returns_before_it_has_finished_is_not_taken_for_finished(tmp_path: Path) -> None:
    def half() -> Iterator[Checkpoint]:
        yield Checkpoint({}, {}, state=State({}, {"step": 1}))

    pipeline = Pipeline([Node(half, None, "head", name="half")])
    catalog = DataCatalog({"head": CheckpointDataset(str(tmp_path / "head.safetensors"))})
    for _ in range(2):
        with pytest.raises(RuntimeError, match="half returned before it had finished"):
            FinishedRunner().run(pipeline, catalog)


def test_the_note_tells_what_the_node_began_with(training: Training) -> None:
    training.stopped(1)
    note = json.loads(training.begun("head").read_text())
    assert note["parameters"] == {"train": SETTINGS}
    assert note["inputs"]["manifest"] == seal.checksums_of(training.folder / "manifest.json")[0]
    assert note["previous_checksum"] is None


@pytest.mark.fault(93)
def test_training_that_is_killed_again_and_again_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole, killed = Training(tmp_path / "whole"), Training(tmp_path / "killed")
    whole.run()
    kills = 0
    for number in range(3, 400, 7):  # farther each time, so that it comes to its end
        child = os.fork()
        if not child:
            replace, count = os.replace, 0

            def count_down(source: Any, target: Any, replace: Any = replace, number: int = number) -> None:
                nonlocal count
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                replace(source, target)

            os.replace = count_down  # type: ignore[assignment]
            status = 1
            try:
                killed.run()
                status = 0
            finally:
                os._exit(status)
        if os.waitpid(child, 0)[1] == 0:
            break
        kills += 1
    assert kills >= 3
    for phase in ("head", "all"):
        assert killed.path(phase).read_bytes() == whole.path(phase).read_bytes()
    names = [{path.relative_to(each.folder) for path in each.folder.rglob("*")} for each in (killed, whole)]
    assert names[0] == names[1]
