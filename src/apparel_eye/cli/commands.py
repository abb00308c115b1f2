"""Commands in the order in which they are used; the module of one is imported when it is asked for."""

from importlib import import_module

import click

from apparel_eye.errors import nearest

COMMANDS = ("doctor", "parameters", "run", "predict", "score", "ensemble", "register")
"""Each is a module of this package, with a ``command`` in it."""


class Commands(click.Group):
    """Commands that nobody has asked for cost nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"apparel_eye.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not ctx.resilient_parsing:  # which completing the line is
            ctx.fail(f"There is no command {args[0]}; {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group("apparel-eye", cls=Commands)
def cli() -> None:
    """Recognize an attribute of a garment from a photo."""
