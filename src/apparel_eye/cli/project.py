"""Kedro is started in the project's folder, wherever the command was typed."""

import os
import warnings
from pathlib import Path
from typing import Any

from apparel_eye.errors import UsageError

PACKAGE = Path(__file__).parents[1]


def enter_project() -> None:
    """Go to the project's folder: the one around the current folder, or else the one of this package."""
    from kedro.utils import find_kedro_project

    project = find_kedro_project(Path.cwd()) or PACKAGE.parents[1]
    if not (project / "conf").is_dir():
        raise UsageError(f"there is no conf folder in {Path.cwd()} or above it; go to the project's folder first")
    if project != Path.cwd():
        os.chdir(project)


def start_kedro() -> None:
    """In the project's folder, with its settings and its way to log."""
    before = Path.cwd()
    enter_project()
    from kedro import KedroDeprecationWarning
    from kedro.framework import project

    from apparel_eye.execution import warning_filter

    warnings.simplefilter("ignore", KedroDeprecationWarning)
    if Path.cwd() != before:
        project.LOGGING.configure(_logging())  # Kedro looks for it once, when it is imported
    if project.PACKAGE_NAME is None:  # the `kedro` command has done it
        project.configure_project(PACKAGE.name)
    warning_filter.quiet()


def data_folder(context: Any) -> Path:
    """Where results of a Kedro context lie; read from files, since its own parameters have every pipeline imported."""
    return expanded(context.config_loader["parameters"]["data"])


def expanded(path: str) -> Path:
    """A path of the parameters, with variables and the home folder in it."""
    return Path(os.path.expandvars(path)).expanduser()


def _logging() -> dict[str, Any]:
    import yaml

    loaded: dict[str, Any] = yaml.safe_load(Path("conf/logging.yml").read_text(encoding="utf-8"))
    return loaded
