from pathlib import Path

import pytest
import yaml

from apparel_eye.errors import UsageError
from apparel_eye.execution.configuration import check_environment, check_stages, stop_of_configuration


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


WHOLE = "{size: 4096, num_views: 2, head: {}, fine_tune: {}}"


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        (f"{{small: {WHOLE}, medium: {WHOLE}, large: {WHOLE}}}", ""),
        ("{large: {size: 4096}}", ""),
        ("{small: {size: 4096}, large: {head: {}, fine_tune: {}, num_views: 2}}", ""),
        ("{}", ""),
        ("", ""),
        (
            f"{{small: {WHOLE}, medium: {WHOLE}}}",
            r"train\.yml has all of small, medium, but lacks train\.stages\.large "
            r"\(fine_tune, head, num_views, size\), which would be as in .*base; add it, or leave out",
        ),
        (
            f"{{small: {WHOLE}, medium: {{size: 4096, head: {{}}}}, large: {WHOLE}}}",
            r"has all of small, large, but lacks train\.stages\.medium \(fine_tune, num_views\), which",
        ),
    ],
    ids=["all", "a size", "parts", "none", "nothing", "one lacks", "parts lack"],
)
def test_an_environment_that_has_some_stages_whole_has_all_of_them(tmp_path: Path, stages: str, said: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "parameters_train.yml").write_text(f"train:\n  stages: {stages}\n")
    (tmp_path / "own" / "parameters.yml").write_text("")
    if not said:
        check_stages(tmp_path, "own")
        return
    with pytest.raises(UsageError, match=said):
        check_stages(tmp_path, "own")


@pytest.mark.parametrize("env", ["base", "cpu", "demo", "test", "local"])
def test_environments_have_all_stages(project: Path, env: str) -> None:
    check_stages(project / "conf", env)
