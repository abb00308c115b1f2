import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.context import BaseContext
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from waiting import HOUR

from apparel_eye import signals
from apparel_eye.data.subsets import Subsets
from apparel_eye.errors import DataError, SystemEnvironmentError
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import PhaseParameters, TrainParameters
from apparel_eye.training import phases, processes
from apparel_eye.training.processes import in_processes

MODES = {"train": Mode(), "predict": Mode()}
Bits = Callable[[Checkpoint], object]


def until_interrupted(progress: Iterator[Any]) -> list[Any]:
    """What is yielded before the run stops as it was asked to."""
    yielded: list[Any] = []
    with pytest.raises(signals.Interrupted):
        yielded.extend(progress)
    return yielded


@pytest.fixture
def quick_starts(forked: BaseContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes have imported all they need, which takes seconds in each else, and time to save what they must."""
    monkeypatch.setattr(processes, "_PATIENCE", HOUR)
    monkeypatch.setattr(processes.multiprocessing, "get_context", lambda kind: forked)


@pytest.fixture
def mapped(pixels: NDArray[np.uint8], tmp_path: Path) -> NDArray[np.uint8]:
    """The photos as the catalog gives them."""
    np.save(tmp_path / "pixels.npy", pixels)
    return np.load(tmp_path / "pixels.npy", mmap_mode="r")


def test_one_process_is_this_one() -> None:
    def own(number: int) -> Iterator[int]:
        yield from (os.getpid(), number)

    assert list(in_processes(1, own, 7)) == [os.getpid(), 7]


def test_processes_know_of_each_other_and_get_large_files_by_name(
    teamwork: ModuleType, mapped: NDArray[np.uint8], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO", "apparel_eye")
    (told,) = in_processes(2, teamwork.introduce, mapped)
    argument = told.pop("argument")
    assert told == {"sum": 21, "threads": 1, "progress bars": True, "is mapped": True}
    np.testing.assert_array_equal(argument, mapped)
    assert caplog.messages == ["0 of 2"]
    assert multiprocessing.active_children() == []


def test_of_a_mapped_file_a_part_is_sent_itself(mapped: NDArray[np.uint8]) -> None:
    for argument in (mapped[3:5], np.arange(3), "text", None):
        unpacked = processes._Portable(argument).unpacked()
        assert unpacked is argument


@pytest.mark.usefixtures("quick_starts")
def test_a_stop_for_the_user_arrives_as_it_is(teamwork: ModuleType) -> None:
    working = in_processes(2, teamwork.fail)
    assert next(working) == "begun"
    with pytest.raises(DataError, match=r"^photo 7 is missing; find it$"):
        next(working)
    assert multiprocessing.active_children() == []


@pytest.mark.fault(106)
@pytest.mark.usefixtures("quick_starts")
@pytest.mark.parametrize(("number", "codes"), [(0, r"\[-9, None\]"), (1, r"\[None, -9\]")])
def test_a_process_that_is_killed_ends_the_others(teamwork: ModuleType, number: int, codes: str) -> None:
    working = in_processes(2, teamwork.crash, number)
    assert next(working) == "begun"
    with pytest.raises(SystemEnvironmentError, match=rf"exit codes {codes}; .*fewer train\.processes or a smaller"):
        next(working)
    assert multiprocessing.active_children() == []


@pytest.mark.fault(95)
@pytest.mark.usefixtures("quick_starts", "nobody_asked")
def test_who_is_asked_to_stop_saves_first_however_soon_the_others_end(teamwork: ModuleType, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "at work")
    working = in_processes(2, teamwork.work_until_asked, str(tmp_path / "at work"))
    assert next(working) == "begun"
    signals.ask()
    assert until_interrupted(working) == ["saved"]
    assert multiprocessing.active_children() == []


@pytest.mark.fault(95)
@pytest.mark.usefixtures("quick_starts", "nobody_asked")
def test_who_does_not_listen_is_ended(teamwork: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", 0.5)
    working = in_processes(2, teamwork.never_listen)
    assert next(working) == "begun"
    signals.ask()
    assert until_interrupted(working) == []
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("quick_starts")
def test_who_is_left_alone_by_its_caller_ends(teamwork: ModuleType) -> None:
    working = in_processes(2, teamwork.never_listen)
    assert next(working) == "begun"
    working.close()
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("quick_starts", "nobody_asked")
def test_two_processes_train_as_one_and_go_on_with_the_same_bits(
    mapped: NDArray[np.uint8],
    subsets: Subsets,
    checkpoint: Checkpoint,
    train: TrainParameters,
    short: PhaseParameters,
    bits: Bits,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "apparel_eye")
    often = train.model_copy(update={"save_every_steps": 1})

    def run(num_processes: int, resume_from: Checkpoint = phases.NOTHING_YET) -> Iterator[Checkpoint]:
        given = (mapped, subsets, checkpoint, short, train.augmentation, often, MODES, resume_from)
        return in_processes(num_processes, phases.fine_tune, *given)

    alone = list(run(1))
    said = [record.getMessage()[:8] for record in caplog.records]
    caplog.clear()
    together = list(run(2))
    assert [record.getMessage()[:8] for record in caplog.records] == said
    for name, array in alone[-1].of("last").items():
        np.testing.assert_allclose(together[-1].of("last")[name], array, atol=5e-5)  # found: 5e-6, as in two parts
    for row, expected in zip(together[-1].history, alone[-1].history, strict=True):
        assert {**row, "seconds": 0} == pytest.approx({**expected, "seconds": 0}, rel=1e-5)

    stopped = run(2, together[0])
    assert bits(next(stopped)) == bits(together[1])
    signals.ask()
    *_, state = later = until_interrupted(stopped)
    assert multiprocessing.active_children() == []
    signals._asked.clear()
    assert [bits(each) for each in later] == [bits(each) for each in together[2 : 2 + len(later)]]
    assert bits(list(run(2, state))[-1]) == bits(together[-1])
