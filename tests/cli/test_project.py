from pathlib import Path

import pytest

from apparel_eye.cli.project import enter_project, expanded


def test_the_project_around_the_current_folder_is_entered(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_bytes((project / "pyproject.toml").read_bytes())
    (tmp_path / "conf").mkdir()
    (tmp_path / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks" / "deep")
    enter_project()
    assert Path.cwd() == tmp_path


def test_elsewhere_it_is_the_project_of_the_package(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    enter_project()
    assert Path.cwd() == project


def test_paths_may_have_variables_and_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/at/me")
    monkeypatch.setenv("PLACE", "photos")
    assert expanded("~/$PLACE") == Path("/at/me/photos")
