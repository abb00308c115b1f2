"""``apparel-eye score``."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from apparel_eye.cli import options
from apparel_eye.execution.messages import errors_as_messages


@click.command("score", short_help="Score a submission with the answers.")
@click.argument("submission", type=click.Path(path_type=Path))
@click.argument("answers", type=click.Path(path_type=Path))
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object instead of a table.")
@options.debug
def command(submission: Path, answers: Path, as_json: bool, debug: bool) -> None:
    """Score the file SUBMISSION with the file ANSWERS.

    Rows of SUBMISSION are path, dimension and probabilities, as the pipeline submit writes them; rows of ANSWERS are
    path, dimension and label string. Photos that are in one file only are told, and not scored.
    """
    with errors_as_messages(debug):
        from apparel_eye.selection import scoring  # tables take a second to import, which help need not wait for

        report = scoring.score_files(submission, answers)
        click.echo(json.dumps(asdict(report)) if as_json else scoring.as_text(report))
        for warning in scoring.warnings_of(report, submission, answers):
            click.secho(f"warning: {warning}", fg="yellow", err=True)
