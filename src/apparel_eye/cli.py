"""Kedro's ``run``, and commands of our own, with exit codes and in plain words; ``--debug`` shows tracebacks."""

import json
import os
import shlex
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import click
from kedro import KedroDeprecationWarning
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import LOGGING, pipelines
from kedro.framework.session import KedroSession
from kedro.utils import find_kedro_project
from omegaconf import OmegaConf

from apparel_eye.errors import UsageError, nearest
from apparel_eye.execution import startup
from apparel_eye.execution.messages import in_plain_words

_RUNNER = "apparel_eye.execution.runner.FinishedRunner"


@click.group(name="apparel-eye")
def cli() -> None:
    """Recognize an attribute of a garment from a photo."""


def _run(debug: bool, **options: Any) -> Any:
    """Run a pipeline; what is finished with the same settings and data is loaded, not made again."""
    options["runner"] = options["runner"] or _RUNNER
    with in_plain_words(debug):
        _start_kedro()
        _check_pipelines(options)
        return kedro_run.callback(**options)  # type: ignore[misc]


def _predict(
    photos: str,
    categories: tuple[str, ...],
    data: str | None,
    candidate: str,
    photos_column: str,
    heat_maps: int | None,
    follow_links: bool,
    env: str | None,
    debug: bool,
) -> None:
    """Answer for PHOTOS: a folder, a photo, a text file with a path a line, or a .csv or .tsv table with such a column.

    Tables and a contact sheet of each category are written below the folder of its models. What was stopped goes on
    where it was.
    """
    with in_plain_words(debug):
        places = {name: str(Path(place).expanduser().resolve()) for name, place in _given(photos=photos, data=data)}
        _start_kedro()
        from apparel_eye.execution.runner import FinishedRunner
        from apparel_eye.prediction.models import choose_categories

        given: dict[str, Any] = {name: _verbatim(text) for name, text in _given(**places, photos_column=photos_column)}
        given |= {"predict": {"candidate": candidate}, **({"follow_links": True} if follow_links else {})}
        if heat_maps is not None:
            given["predict"]["num_heat_maps"] = heat_maps
        session: Any
        with KedroSession.create(env=env, runtime_params=given) as session:
            models = Path(os.path.expandvars(session.load_context().params["data"])).expanduser()
        for category in choose_categories(models, categories or None):
            with KedroSession.create(env=env, runtime_params={**given, "category": category}) as session:
                session.run(pipeline_names=["predict"], runner=FinishedRunner())


def _average(
    members: tuple[str, ...], category: str, data: str | None, candidate: str, env: str | None, debug: bool
) -> None:
    """Average the probabilities of MEMBERS: folders that runs have written to, or ids of MLflow runs.

    Members and mean are scored on validation photos that they have in common; the mean's submission is written below
    the folder of results.
    """
    with in_plain_words(debug):
        names = shlex.join(str(Path(name).resolve()) if Path(name).is_dir() else name for name in members)
        places = {name: str(Path(place).expanduser().resolve()) for name, place in _given(data=data)}
        _start_kedro()
        from apparel_eye.execution.runner import FinishedRunner

        given: dict[str, Any] = {name: _verbatim(text) for name, text in _given(**places, members=names)}
        given |= {"category": category, "ensemble": {"candidate": candidate}}
        session: Any
        with KedroSession.create(env=env, runtime_params=given) as session:
            session.run(pipeline_names=["ensemble"], runner=FinishedRunner())


def _register(categories: tuple[str, ...], data: str | None, env: str | None, debug: bool) -> None:
    """Register trained categories as models of MLflow; the best of each by validation photos gets the alias best.

    A model that is registered already gets no second version.
    """
    with in_plain_words(debug):
        places = {name: _verbatim(str(Path(place).expanduser().resolve())) for name, place in _given(data=data)}
        _start_kedro()
        from apparel_eye.prediction.models import choose_categories
        from apparel_eye.tracking.registry import register

        session: Any
        with KedroSession.create(env=env, runtime_params=places) as session:
            context = session.load_context()
            experiment = context.mlflow.tracking.experiment.name
            models = Path(os.path.expandvars(context.params["data"])).expanduser()
            for category in choose_categories(models, categories or None):
                click.echo(register(models, category, experiment).in_words())


def _score(submission: Path, answers: Path, as_json: bool, debug: bool) -> None:
    """Score the file SUBMISSION with the file ANSWERS.

    Rows of SUBMISSION are path, dimension and probabilities, as the pipeline submit writes them; rows of ANSWERS are
    path, dimension and label string. Photos that are in one file only are told, and not scored.
    """
    with in_plain_words(debug):
        from apparel_eye.selection import scoring  # tables take a second to import, which help need not wait for

        report = scoring.score_files(submission, answers)
        click.echo(json.dumps(asdict(report)) if as_json else scoring.as_text(report))
        for warning in scoring.warnings_of(report, submission, answers):
            click.secho(f"warning: {warning}", fg="yellow", err=True)


def _start_kedro() -> None:
    """In the project's folder, wherever the command was typed."""
    warnings.simplefilter("ignore", KedroDeprecationWarning)
    project = find_kedro_project(Path.cwd()) or Path(__file__).parents[2]
    if not (project / "conf").is_dir():
        raise UsageError(f"there is no conf folder in {Path.cwd()} or above it; go to the project's folder first")
    if project != Path.cwd():
        os.chdir(project)
        LOGGING.configure(
            cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load("conf/logging.yml")))
        )  # Kedro looks for it once
    startup.quiet()


def _given(**options: str | None) -> Iterable[tuple[str, str]]:
    return [(name, text) for name, text in options.items() if text]


def _verbatim(text: str) -> str:
    """So that OmegaConf leaves it as it is."""
    return text.replace("${", r"\${")


def _check_pipelines(options: Mapping[str, Any]) -> None:
    for name in filter(None, [options["pipeline"], *(options["pipelines"] or ())]):
        if name not in pipelines:
            raise UsageError(f"there is no pipeline {name}; {nearest(name, pipelines)}")


_DEBUG = click.Option(["--debug"], is_flag=True, help="Show the traceback of an error.")
_DATA = click.Option(["--data"], help="Folder below which the models are; default: as in the environment.")
_CANDIDATE = click.Option(
    ["--candidate"], default="auto", show_default=True, help="That answers: plain, tta, xgboost, blend ..."
)
_ENV = click.Option(["--env", "-e"], help="The environment, as in kedro run.")

cli.add_command(
    click.Command(
        "run", params=[*kedro_run.params, _DEBUG], callback=_run, help=_run.__doc__, short_help="Run a pipeline."
    )
)
cli.add_command(
    click.Command(
        "predict",
        params=[
            click.Argument(["photos"]),
            click.Option(["categories", "--category"], multiple=True, help="That answers; default: all trained ones."),
            _DATA,
            _CANDIDATE,
            click.Option(["--photos-column"], default="", help="Of a table: the one with the paths."),
            click.Option(["--heat-maps"], type=click.IntRange(0), help="Photos to show what the network looked at in."),
            click.Option(["--follow-links"], is_flag=True, help="Links may lead out of the folder."),
            _ENV,
            _DEBUG,
        ],
        callback=_predict,
        help=_predict.__doc__,
        short_help="Answer for photos of your own.",
    )
)
cli.add_command(
    click.Command(
        "ensemble",
        params=[
            click.Argument(["members"], nargs=-1, required=True),
            click.Option(["--category"], required=True, help="Of all members."),
            click.Option(["--data"], help="Folder for the results; default: as in the environment."),
            _CANDIDATE,
            _ENV,
            _DEBUG,
        ],
        callback=_average,
        help=_average.__doc__,
        short_help="Average several trained models.",
    )
)
cli.add_command(
    click.Command(
        "register",
        params=[
            click.Option(["categories", "--category"], multiple=True, help="To register; default: all trained ones."),
            _DATA,
            _ENV,
            _DEBUG,
        ],
        callback=_register,
        help=_register.__doc__,
        short_help="Register models with MLflow, to be served.",
    )
)
cli.add_command(
    click.Command(
        "score",
        params=[
            click.Argument(["submission"], type=click.Path(path_type=Path)),
            click.Argument(["answers"], type=click.Path(path_type=Path)),
            click.Option(["as_json", "--json"], is_flag=True, help="Print one JSON object instead of a table."),
            _DEBUG,
        ],
        callback=_score,
        help=_score.__doc__,
        short_help="Score a submission with the answers.",
    )
)
