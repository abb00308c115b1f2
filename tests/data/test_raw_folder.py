import os
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from waiting import HOUR

from apparel_eye.data.raw_folder import RawFolder, scan_folder
from apparel_eye.errors import DataError, SystemEnvironmentError

Nobody = Callable[[], AbstractContextManager[None]]


def write(root: Path, *keys: str) -> None:
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(key.encode())


def problems_below(root: Path, follow_links: bool = False) -> dict[str, str]:
    return {file.key: file.problem for file in scan_folder(root, follow_links=follow_links).files}


def run_to_its_end(function: Callable[[], object]) -> None:
    """Also where the function never returns: the thread is left behind."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(HOUR)
    assert not thread.is_alive()


def after_reading(root: Path, key: str) -> bytes | str:
    """What was read, or why it could not be."""
    outcome: list[bytes | str] = []

    def read() -> None:
        try:
            outcome.append(RawFolder(root, ()).read(key))
        except OSError as error:
            outcome.append(error.strerror)

    run_to_its_end(read)
    return outcome[0]


@pytest.mark.fault(37)
def test_pipes_sockets_and_devices_are_named_and_never_waited_for(tmp_path: Path) -> None:
    write(tmp_path, "kept.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "linked.jpg").symlink_to("pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.jpg"))
    odd = dict.fromkeys(["linked.jpg", "pipe.jpg", "socket.jpg"], "not a regular file")
    if os.geteuid() == 0:
        os.mknod(tmp_path / "device.jpg", 0o600 | 0o020000, os.makedev(1, 3))
        odd["device.jpg"] = "not a regular file"
    assert problems_below(tmp_path) == {"kept.jpg": "", **odd}
    run_to_its_end(lambda: scan_folder(tmp_path))
    for key in odd:
        assert after_reading(tmp_path, key) == "not a regular file"


@pytest.mark.fault(37)
def test_a_pipe_that_takes_the_place_of_a_photo_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.jpg")
    status = (tmp_path / "a.jpg").stat()
    (tmp_path / "a.jpg").unlink()
    os.mkfifo(tmp_path / "a.jpg")
    for call in ("stat", "lstat"):
        monkeypatch.setattr(Path, call, lambda path, **_: status)  # as it was before
    assert after_reading(tmp_path, "a.jpg") == b""


@pytest.mark.fault(41, 89)
@pytest.mark.parametrize("key", ["file.jpg", "x/2.jpg", "../outside/2.jpg", "a/../../outside/2.jpg", "ABSOLUTE"])
def test_nothing_outside_is_read(tmp_path: Path, key: str) -> None:
    root, outside = tmp_path / "raw", tmp_path / "outside"
    write(root, "a/1.jpg")
    write(outside, "2.jpg")
    (root / "file.jpg").symlink_to(outside / "2.jpg")
    (root / "x").symlink_to(outside, target_is_directory=True)
    with pytest.raises(PermissionError, match="follow_links=true"):
        RawFolder(root, ()).read(key.replace("ABSOLUTE", str(outside / "2.jpg")))


@pytest.mark.fault(42)
def test_hard_links_are_files_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").hardlink_to(tmp_path / "a.jpg")
    assert problems_below(tmp_path) == {"a.jpg": "", "b.jpg": ""}
    assert RawFolder(tmp_path, ()).read("b.jpg") == b"a.jpg"


@pytest.mark.fault(55)
def test_a_file_without_rights_is_listed_and_says_why_it_cannot_be_read(open_folder: Path, nobody: Nobody) -> None:
    write(open_folder, "a/1.jpg")
    (open_folder / "a" / "1.jpg").chmod(0)
    with nobody():
        with pytest.raises(PermissionError):
            (open_folder / "a" / "1.jpg").open()
        assert problems_below(open_folder) == {"a/1.jpg": ""}
        with pytest.raises(PermissionError, match="Permission denied"):
            RawFolder(open_folder, ()).read("a/1.jpg")


@pytest.mark.fault(56)
@pytest.mark.parametrize(
    "mode", [0o000, 0o300, 0o600], ids=["nothing allowed", "not to be listed", "not to be entered"]
)
@pytest.mark.parametrize("key", ["a/b", "."])
def test_a_folder_without_rights_stops_the_run_with_its_name(
    open_folder: Path, nobody: Nobody, mode: int, key: str
) -> None:
    raw = open_folder / "raw"
    write(raw, "a/b/1.jpg")
    if os.geteuid() == 0:
        for path in (raw, *raw.rglob("*")):
            os.chown(path, 65534, 65534)
    (raw / key).chmod(mode)
    with nobody():
        with pytest.raises(PermissionError):
            [entry.stat() for entry in os.scandir(raw / key)]
        with pytest.raises(SystemEnvironmentError, match=rf"the folder {raw / key} cannot be listed .*chmod u\+rx"):
            scan_folder(raw)
        (raw / key).chmod(0o755)


@pytest.mark.fault(58)
def test_a_missing_folder_is_named_in_full_with_the_parameter_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(DataError, match=rf"the raw folder {tmp_path}/photos does not exist.*raw=FOLDER"):
        scan_folder(Path("../photos"))
    with pytest.raises(DataError, match=rf"the photos folder {tmp_path}/photos does not exist.*photos=FOLDER"):
        scan_folder(Path("../photos"), "photos")


@pytest.mark.fault(58)
def test_a_file_is_no_raw_folder(tmp_path: Path) -> None:
    write(tmp_path, "photos")
    with pytest.raises(DataError, match=f"the raw folder {tmp_path}/photos is a file"):
        scan_folder(tmp_path / "photos")


@pytest.mark.fault(58)
def test_an_empty_folder_is_named_with_what_was_passed_over(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"the raw folder {tmp_path} is empty; put photos there"):
        scan_folder(tmp_path)
    write(tmp_path, ".DS_Store")
    with pytest.raises(DataError, match=rf"the raw folder {tmp_path} is empty but .DS_Store \(hidden\); put"):
        scan_folder(tmp_path)


@pytest.mark.fault(59)
def test_a_linked_raw_folder_with_spaces_is_read_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a disk", "a b.jpg")
    (tmp_path / "raw").symlink_to(tmp_path / "a disk", target_is_directory=True)
    monkeypatch.chdir(tmp_path / "a disk")
    folder = scan_folder(Path("../raw"))
    assert [file.key for file in folder.files] == ["a b.jpg"]
    assert folder.read("a b.jpg") == b"a b.jpg"
