import os
import subprocess
import sys
from pathlib import Path

import pytest

TALK = """
import logging, sys
from apparel_eye.execution.broken_pipes import make_lasting
handler = logging.StreamHandler(sys.stdout)
logging.getLogger().addHandler(handler)
make_lasting()
for number in range(3000):
    logging.warning("a line of the log that is long enough, number %d", number)
    print("a line")
    print("a line of errors", file=sys.stderr)
logging.warning("3/4 \\u00c4rmel \\udcff")
with open(sys.argv[1], "w") as file:
    file.write("done")
"""


def talk(done: Path, redirection: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program that says much, and then notes that it has come to its end."""
    command = ["bash", "-c", f'"$0" -c "$1" "$2" {redirection}; exit ${{PIPESTATUS[0]}}', sys.executable, TALK, done]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, errors="replace")


@pytest.mark.parametrize(
    "redirection",
    ["| head -1", "2>&1 | head -1", "> /dev/full", "> /dev/full 2>&1", ">&-", ">&- 2>&-", "| true", "2>&1 | true"],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.fault(97, 110)
def test_work_goes_on_when_nobody_reads_what_is_said(tmp_path: Path, redirection: str, unbuffered: str) -> None:
    run = talk(tmp_path / "done", redirection, PYTHONUNBUFFERED=unbuffered)
    assert run.returncode == 0
    assert (tmp_path / "done").read_text() == "done"
    assert [word for word in ("Traceback", "Logging error", "Exception ignored") if word in run.stderr] == []


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "latin-1"}],
    ids=["C", "ascii", "latin-1"],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.fault(110)
def test_letters_that_a_terminal_does_not_have_are_written_out(
    tmp_path: Path, environment: dict[str, str], unbuffered: str
) -> None:
    run = talk(tmp_path / "done", "", **environment, PYTHONUNBUFFERED=unbuffered)
    assert run.returncode == 0
    assert (tmp_path / "done").read_text() == "done"
    assert "3/4 " in run.stdout
    assert "rmel \\udcff" in run.stdout
    assert "Error" not in run.stderr


def test_what_is_read_is_as_it_was_said(tmp_path: Path) -> None:
    lines = talk(tmp_path / "done", "").stdout.splitlines()
    assert lines[:-1:2] == [f"a line of the log that is long enough, number {number}" for number in range(3000)]
    assert lines[1::2] == ["a line"] * 3000
