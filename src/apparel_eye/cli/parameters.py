"""``apparel-eye parameters``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apparel_eye.cli import options
from apparel_eye.cli.project import enter_project
from apparel_eye.execution.messages import errors_as_messages

if TYPE_CHECKING:
    from apparel_eye.parameters.reference import Described

_CONF = Path("conf")


@click.command("parameters", short_help="Explain parameters.")
@click.argument("name", default="")
@options.env
@options.debug
def command(name: str, env: str | None, debug: bool) -> None:
    """Print what the parameter NAME takes, its default, its value in the environment, and what it means.

    NAME is one like train.batch_size, or a part of the tree like train.head; without NAME all parameters are printed.
    """
    with errors_as_messages(debug):
        enter_project()
        from apparel_eye.execution.configuration import check_environment
        from apparel_eye.parameters.reference import describe_parameters

        wanted = env or os.getenv("KEDRO_ENV")
        if wanted:
            check_environment(_CONF, wanted)
        described = describe_parameters(_CONF, wanted or "local")
        blocks = [_block(parameter, wanted or "local") for parameter in _named(described, name)]
        click.echo("\n\n".join(blocks))


def _named(described: list["Described"], name: str) -> list["Described"]:
    """The parameter of a name, or those below it."""
    from apparel_eye.errors import UsageError, nearest

    found = [parameter for parameter in described if f"{parameter.name}.".startswith(f"{name}." if name else "")]
    if not found:
        keys = [parameter.name.split(".") for parameter in described]
        known = {".".join(parts[:count]) for parts in keys for count in range(1, len(parts) + 1)}
        tops = {parts[0] for parts in keys}
        alike = nearest(name, known)
        raise UsageError(f"there is no parameter {name}; {alike if alike.startswith('did') else nearest(name, tops)}")
    return found


def _block(parameter: "Described", env: str) -> str:
    from apparel_eye.parameters.reference import written

    rows = {
        "type": parameter.type,
        "default": written(parameter.default),
        f"in {env}": written(parameter.value),
        "meaning": parameter.meaning,
    }
    width = max(map(len, rows))
    return "\n".join([parameter.name, *(f"    {label:{width}}  {text}" for label, text in rows.items())])
