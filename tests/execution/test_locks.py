import errno
import fcntl
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apparel_eye.errors import LockedError, SystemEnvironmentError
from apparel_eye.execution import locks


@contextmanager
def other_run(*folders: Path) -> Iterator[int]:
    """Another process that holds the lock of the folders; yields its number."""
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        try:
            with locks.held(folders):
                os.write(sending, b"x")
                signal.pause()
        finally:
            os._exit(1)
    assert os.read(receiving, 1) == b"x"
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(receiving)
        os.close(sending)


def refused(folder: Path) -> str:
    """What is said to a run that may not write to a folder, while the other run holds it."""
    with pytest.raises(LockedError) as caught, locks.held([folder]):
        pass
    return str(caught.value)


@pytest.mark.fault(99)
def test_a_second_run_is_told_at_once_who_writes_where_since_when(tmp_path: Path) -> None:
    with other_run(tmp_path) as number:
        said = refused(tmp_path)
        known = json.loads((tmp_path / ".lock.json").read_text())
    assert LockedError.exit_code == 5
    assert f"{tmp_path} is in use by another run" in said
    assert f"process {number} on {socket.gethostname()}, since {known['since']}" in said
    assert "data=FOLDER" in said


@pytest.mark.fault(99)
def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    with other_run(tmp_path):
        refused(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".lock", ".lock.json"}  # it was killed
    with locks.held([tmp_path]):
        assert json.loads((tmp_path / ".lock.json").read_text())["process"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault(96, 99)
def test_a_run_that_is_paused_keeps_its_lock(tmp_path: Path) -> None:
    with other_run(tmp_path) as number:
        os.kill(number, signal.SIGSTOP)
        refused(tmp_path)
        os.kill(number, signal.SIGCONT)
        refused(tmp_path)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"process": 1}'])
def test_a_lock_holds_also_where_nobody_knows_whose_it_is(tmp_path: Path, text: str | None) -> None:
    with other_run(tmp_path):
        holder = tmp_path / ".lock.json"
        holder.unlink() if text is None else holder.write_text(text)
        assert refused(tmp_path).startswith(f"{tmp_path} is in use by another run; wait")


def test_one_folder_of_two_is_enough_to_be_refused_and_the_other_is_given_back(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    with other_run(second):
        with pytest.raises(LockedError, match=str(second)), locks.held([first, second]):
            pass
        assert not first.exists()
        with locks.held([first]):
            assert first.is_dir()


def test_a_folder_under_two_names_is_locked_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with locks.held([tmp_path / "real", tmp_path / "link"]):
        refused(tmp_path / "link")


def test_folders_are_made_and_those_without_results_removed(tmp_path: Path) -> None:
    empty, used = tmp_path / "a" / "b" / "c", tmp_path / "a" / "d"
    with locks.held([empty, used]):
        assert empty.is_dir()
        (used / "result").write_text("x")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["a", "a/d", "a/d/result"]


def test_a_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locks.held([tmp_path]):
        raise KeyError
    with locks.held([tmp_path]):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
@pytest.mark.fault(100)
def test_a_file_system_without_locks_is_told_before_anything_is_made(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    words = f"{tmp_path}/new cannot be locked against other runs.*{os.strerror(number)}.*data=FOLDER"
    with pytest.raises(SystemEnvironmentError, match=words), locks.held([tmp_path / "new"]):
        pass


@pytest.mark.fault(99)
def test_of_many_runs_one_at_a_time_is_within(tmp_path: Path) -> None:
    """The file of a lock is removed when it is given back; who waited for it must not share it with who comes later."""
    folder, inside = tmp_path / "results", tmp_path / "inside"

    def enter_often() -> None:
        entered = 0
        while entered < 40:
            try:
                with locks.held([folder]):
                    os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if somebody is within
                    inside.unlink()
                    entered += 1
            except LockedError:
                continue

    assert in_children(4, enter_often) == [0] * 4
    assert not folder.exists() or list(folder.iterdir()) == []


def in_children(count: int, function: Callable[[], Any]) -> list[int]:
    children = []
    for _ in range(count):
        child = os.fork()
        if not child:
            status = 1
            try:
                function()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    return [os.waitpid(child, 0)[1] for child in children]
