"""Kedro's ``run``, and ``score``, with exit codes and in plain words; ``--debug`` shows tracebacks."""

import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from kedro import KedroDeprecationWarning
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import pipelines
from kedro.io.core import DatasetError

from apparel_eye import interruption
from apparel_eye.console import make_lasting
from apparel_eye.errors import ApparelEyeError, DataError, StoppedError, SurroundingsError, UsageError, in_words
from apparel_eye.nearest import nearest

_RUNNER = "apparel_eye.runner.FinishedRunner"
_NO_THREAD = "can't start new thread"  # Python's own words


@click.group(name="apparel-eye")
def cli() -> None:
    """Recognize an attribute of a garment from a photo."""


def _run(debug: bool, **options: Any) -> Any:
    """Run a pipeline; what is finished with the same settings and data is loaded, not made again."""
    options["runner"] = options["runner"] or _RUNNER
    warnings.simplefilter("ignore", KedroDeprecationWarning)
    with _in_plain_words(debug):
        _check_pipelines(options)
        return kedro_run.callback(**options)  # type: ignore[misc]


def _score(submission: Path, answers: Path, as_json: bool, debug: bool) -> None:
    """Score the file SUBMISSION with the file ANSWERS.

    Rows of SUBMISSION are path, dimension and probabilities, as the pipeline submit writes them; rows of ANSWERS are
    path, dimension and label string. Photos that are in one file only are told, and not scored.
    """
    with _in_plain_words(debug):
        from apparel_eye import scoring  # tables take a second to import, which help need not wait for

        report = scoring.score_files(submission, answers)
        click.echo(json.dumps(asdict(report)) if as_json else scoring.as_text(report))
        for warning in scoring.warnings_of(report, submission, answers):
            click.secho(f"warning: {warning}", fg="yellow", err=True)


@contextmanager
def _in_plain_words(debug: bool) -> Iterator[None]:
    make_lasting()
    try:
        with interruption.handled():
            yield
    except (Exception, interruption.Interrupted) as error:
        stop = _stop_of(error)
        if debug or stop is None:
            raise
        click.secho(f"error: {stop}", fg="red", err=True)
        sys.exit(stop.exit_code)


def _check_pipelines(options: Mapping[str, Any]) -> None:
    for name in filter(None, [options["pipeline"], *(options["pipelines"] or ())]):
        if name not in pipelines:
            raise UsageError(f"there is no pipeline {name}; {nearest(name, pipelines)}")


_DEBUG = click.Option(["--debug"], is_flag=True, help="Show the traceback of an error.")

cli.add_command(
    click.Command(
        "run", params=[*kedro_run.params, _DEBUG], callback=_run, help=_run.__doc__, short_help="Run a pipeline."
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


def _stop_of(error: BaseException) -> ApparelEyeError | None:
    """What the user can do something about, wherever Kedro has wrapped it; None is a fault of ours."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    for found in chain:
        if isinstance(found, ApparelEyeError):
            return found
    for found in chain:
        if isinstance(found, interruption.Interrupted):
            return StoppedError(f"stopped by {found}; the same command goes on from there", found.signal_number)
        if isinstance(found, OSError):
            return SurroundingsError(": ".join([*([str(found.filename)] if found.filename else []), in_words(found)]))
        if isinstance(found, RuntimeError) and _NO_THREAD in str(found):
            return SurroundingsError("this machine starts no more threads; raise the limit, see: ulimit -u")
    if isinstance(error, DatasetError):
        return DataError(str(error))
    return None
