"""The command line: a module for each command, none of which imports anything heavy before it is needed."""

from apparel_eye.cli.commands import cli

__all__ = ["cli"]
