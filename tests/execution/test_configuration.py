from pathlib import Path

import pytest
import yaml

from apparel_eye.errors import UsageError
from apparel_eye.execution.configuration import check_environment, stop_of_configuration


def failure(text: str) -> yaml.YAMLError:
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        return error
    raise AssertionError(text)


def test_the_file_that_cannot_be_read_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "base" / "parameters").mkdir(parents=True)
    (tmp_path / "conf" / "base" / "a.yml").write_text("a: 1\n")
    (tmp_path / "conf" / "base" / "parameters" / "b.yml").write_text("a: 1\n\tb: 2\n")
    monkeypatch.chdir(tmp_path)
    stop = stop_of_configuration([KeyError("other"), failure("a: [")])
    expected = "conf/base/parameters/b.yml, line 2: found character '\\t' that cannot start any token; mend the file"
    assert str(stop) == expected
    assert isinstance(stop, UsageError)


def test_without_such_a_file_the_error_itself_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(stop_of_configuration([failure("a: [")])) == "in conf: while parsing a flow node; mend the file"


def test_a_key_that_two_files_have_is_told() -> None:
    stop = stop_of_configuration([ValueError("Duplicate keys found in a.yml and b.yml: train.seed")])
    assert str(stop) == "Duplicate keys found in a.yml and b.yml: train.seed; keep one of them"


@pytest.mark.parametrize(
    "error", [ValueError("x"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), OSError()], ids=repr
)
def test_other_errors_are_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.chdir(tmp_path)
    assert stop_of_configuration([error]) is None


def test_environments_are_the_folders_of_conf(project: Path) -> None:
    for env in ("base", "cpu", "demo", "test", "local"):
        check_environment(project / "conf", env)
    with pytest.raises(UsageError, match=r"no environment cup in .*; did you mean cpu\?"):
        check_environment(project / "conf", "cup")
