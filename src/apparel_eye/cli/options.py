"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

debug: Decorator = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
env: Decorator = click.option("--env", "-e", help="The environment, as in kedro run.")
models: Decorator = click.option("--data", help="Folder below which the models are; default: as in the environment.")
candidate: Decorator = click.option(
    "--candidate", default="auto", show_default=True, help="That answers: plain, tta, xgboost, blend ..."
)


def given(**texts: str | None) -> dict[str, str]:
    """Texts that were given, so that OmegaConf leaves them as they are."""
    return {name: text.replace("${", r"\${") for name, text in texts.items() if text}


def places(**paths: str | None) -> dict[str, str]:
    """Paths that were given, made absolute, since Kedro runs in the project's folder."""
    return given(**{name: str(Path(path).expanduser().resolve()) for name, path in paths.items() if path})


def check_candidate(candidate: str) -> None:
    """Refuse a misspelt candidate, before anything heavy is imported."""
    from typing import get_args

    from apparel_eye.errors import UsageError, nearest
    from apparel_eye.parameters.candidates import CandidateName

    if candidate not in get_args(CandidateName):
        raise UsageError(f"--candidate is {candidate!r}; {nearest(candidate, get_args(CandidateName))}")
