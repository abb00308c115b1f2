"""``apparel-eye doctor``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apparel_eye.cli import options
from apparel_eye.cli.project import enter_project, expanded
from apparel_eye.errors import ApparelEyeError, SystemEnvironmentError
from apparel_eye.execution.messages import errors_as_messages

if TYPE_CHECKING:
    from apparel_eye.cli.health import Finding


@click.command("doctor", short_help="Check this machine and what a run needs.")
@click.option("--online", is_flag=True, help="Ask the hub for weights, too.")
@options.env
@options.debug
def command(online: bool, env: str | None, debug: bool) -> None:
    """Print versions, device, memory, weights, folders and tracking server, and what is wrong with them.

    It is Markdown, to be pasted into a report: the home folder is written ~, and passwords are left out. The exit code
    is 4 where something is missing that a run needs.
    """
    with errors_as_messages(debug):
        enter_project()
        from apparel_eye.cli import health

        sections = {"Versions": [*health.versions()], **_looked_at(env, online)}
    click.echo(health.report(sections))
    if any(finding.problem and finding.is_needed for findings in sections.values() for finding in findings):
        sys.exit(SystemEnvironmentError.exit_code)


def _looked_at(env: str | None, online: bool) -> dict[str, list["Finding"]]:
    """Machine and project; of the machine as much as can be told where parameters are wrong."""
    from apparel_eye.cli import health
    from apparel_eye.execution.checks import checked_parameters
    from apparel_eye.execution.config_loader import config_loader

    loader = config_loader(env)
    try:
        parameters = checked_parameters(loader)
    except ApparelEyeError as error:
        wrong = health.Finding("parameters", "cannot be used", str(error))
        return {"Machine": [*health.resources(Path.cwd())], "Project": [wrong]}
    raw, data = expanded(parameters.raw), expanded(parameters.data)
    where = health.folders(parameters, loader.env or loader.default_run_env, raw, data)
    uri = loader["mlflow"]["server"]["mlflow_tracking_uri"]
    return {
        "Machine": [*health.resources(data), *health.networks(parameters.train, online)],
        "Project": [*where, *health.tracking(uri)],
    }
