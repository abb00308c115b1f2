"""``apparel-eye ensemble``."""

import shlex
from pathlib import Path
from typing import Any

import click

from apparel_eye.cli import options
from apparel_eye.cli.project import start_kedro
from apparel_eye.execution.messages import errors_as_messages


@click.command("ensemble", short_help="Average several trained models.")
@click.argument("members", nargs=-1, required=True)
@click.option("--category", required=True, help="Of all members.")
@click.option("--data", help="Folder for the results; default: as in the environment.")
@options.candidate
@options.env
@options.debug
def command(
    members: tuple[str, ...], category: str, data: str | None, candidate: str, env: str | None, debug: bool
) -> None:
    """Average the probabilities of MEMBERS: folders that runs have written to, or ids of MLflow runs.

    Members and mean are scored on validation photos that they have in common; the mean's submission is written below
    the folder of results.
    """
    with errors_as_messages(debug):
        options.check_candidate(candidate)
        names = shlex.join(str(Path(name).resolve()) if Path(name).is_dir() else name for name in members)
        given: dict[str, Any] = options.places(data=data) | options.given(members=names)
        given |= {"category": category, "ensemble": {"candidate": candidate}}
        start_kedro()
        from kedro.framework.session import KedroSession

        from apparel_eye.execution.runner import FinishedRunner

        session: Any
        with KedroSession.create(env=env, runtime_params=given) as session:
            session.run(pipeline_names=["ensemble"], runner=FinishedRunner())
