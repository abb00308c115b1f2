import json
import os
import resource
import signal
from pathlib import Path

import pytest

from apparel_eye.tracking.journal import Journal, abandoned

LINES = [{"do": "start"}, {"do": "metrics", "metrics": [["loss", float("inf"), 1]]}, {"do": "end"}]


def lines_of(folder: Path) -> list[list[dict[str, object]]]:
    return [lines for _, lines in abandoned(folder)]


def test_what_was_written_is_found_when_the_run_is_over_and_not_before(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "a")
    for line in LINES:
        journal.write(line)
    assert [json.loads(text) for text in journal.path.read_text().splitlines()] == LINES
    assert lines_of(tmp_path) == []
    journal.close(delete=False)
    assert lines_of(tmp_path) == [LINES]


@pytest.mark.fault(102)
def test_a_half_written_last_line_is_ignored(tmp_path: Path) -> None:
    whole = "".join(json.dumps(line) + "\n" for line in LINES)
    path = tmp_path / "a.jsonl"
    for length in range(len(whole) - len(json.dumps(LINES[-1])), len(whole) - 1):
        path.write_text(whole[:length])
        assert lines_of(tmp_path) == [LINES[:-1]]


@pytest.mark.fault(102)
def test_the_journal_of_a_killed_process_is_found(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        Journal(tmp_path, "a").write({"do": "start"})
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert lines_of(tmp_path) == [[{"do": "start"}]]


@pytest.mark.fault(109)
def test_journals_wait_where_no_more_files_may_be_open(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"do": "start"}\n')
    usual, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        found = list(abandoned(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, hard))
    assert found == []
    assert len(list(abandoned(tmp_path))) == 1


def test_a_deleted_journal_leaves_no_folder_that_it_made_and_other_journals_stay(tmp_path: Path) -> None:
    root = tmp_path / "there"
    root.mkdir()
    folder = root / "data" / "spool"
    first, second = Journal(folder, "a"), Journal(folder, "b")
    first.close(delete=True)
    assert [path.name for path in folder.iterdir()] == ["b.jsonl"]
    second.close(delete=True)
    assert list((root / "data").iterdir()) == []
    Journal(root / "more" / "spool", "c").close(delete=True)
    assert [path.name for path in root.iterdir()] == ["data"]


@pytest.mark.fault(97)
@pytest.mark.parametrize("is_full", [False, True], ids=["no folder", "full disk"])
def test_where_nothing_can_be_written_nothing_fails(tmp_path: Path, is_full: bool) -> None:
    if is_full:
        journal = Journal(tmp_path, "a")
        with Path("/dev/full").open("wb", buffering=0) as full:
            journal._file = full
            journal.write(LINES[0])
    else:
        (tmp_path / "spool").write_text("")
        journal = Journal(tmp_path / "spool", "a")
    journal.write(LINES[1])
    assert not journal.is_whole
    journal.close(delete=True)
