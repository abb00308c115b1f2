"""``apparel-eye run``, and ``kedro run`` in this project."""

from collections.abc import Iterable, Mapping
from pkgutil import iter_modules
from typing import Any

import click

from apparel_eye.cli.project import PACKAGE, expanded, start_kedro
from apparel_eye.errors import UsageError, nearest
from apparel_eye.execution.messages import errors_as_messages

_RUNNER = "apparel_eye.execution.runner.FinishedRunner"
PIPELINES = {*(module.name for module in iter_modules([str(PACKAGE / "pipelines")])), "__default__"}
"""Names of all pipelines, known without importing any."""
OWN_PHOTOS = {"predict", "ensemble"}
"""Pipelines that read nothing of the raw folder."""
UNTRAINED = {"ingest", "split"}
"""Pipelines that need no network."""
_PARTS = ("node_names", "from_nodes", "to_nodes", "from_inputs", "to_outputs", "tags", "namespaces")
"""Options that run parts of pipelines, which may need nothing of the raw folder."""
_DEBUG = click.Option(["--debug"], is_flag=True, help="Show the traceback of an error.")


class KedroRun(click.Command):
    """A command with the options of Kedro's own, which are imported when they are asked for."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        from kedro.framework.cli.project import run as kedro_run

        return [*kedro_run.params, *super().get_params(ctx)]


def _run(debug: bool, **options: Any) -> Any:
    """Run a pipeline; what is finished with the same settings and data is loaded, not made again."""
    with errors_as_messages(debug):
        names = {*filter(None, [options["pipeline"], *(options["pipelines"] or ())])} or {"__default__"}
        _check_names(names)
        start_kedro()
        from kedro.framework.cli.project import run as kedro_run

        if names - OWN_PHOTOS and not any(options[part] for part in _PARTS):
            options["params"] = _settled(options, trains=bool(names - OWN_PHOTOS - UNTRAINED))
        return kedro_run.callback(**{**options, "runner": options["runner"] or _RUNNER})  # type: ignore[misc]


def _check_names(names: Iterable[str]) -> None:
    for name in sorted(names):
        if name not in PIPELINES:
            raise UsageError(f"there is no pipeline {name}; {nearest(name, PIPELINES)}")


def _settled(options: Mapping[str, Any], trains: bool) -> dict[str, Any]:
    """What was given on the command line, with the category, once it is known that the run can begin."""
    from apparel_eye.execution.checks import checked_parameters, settle_category
    from apparel_eye.execution.config_loader import config_loader
    from apparel_eye.networks.backbone_names import check_source

    given: dict[str, Any] = options["params"]
    parameters = checked_parameters(config_loader(options["env"], options["conf_source"], given))
    if trains:
        check_source(parameters.train.backbone, parameters.train.pretrained)
    category = settle_category(parameters, expanded(parameters.raw), "category" in given)
    return given if category == parameters.category else {**given, "category": category}


command = KedroRun("run", params=[_DEBUG], callback=_run, help=_run.__doc__, short_help="Run a pipeline.")
