"""``apparel-eye register``."""

from typing import Any

import click

from apparel_eye.cli import options
from apparel_eye.cli.project import data_folder, start_kedro
from apparel_eye.execution.messages import errors_as_messages


@click.command("register", short_help="Register models with MLflow, to be served.")
@click.option("categories", "--category", multiple=True, help="To register; default: all trained ones.")
@options.models
@options.env
@options.debug
def command(categories: tuple[str, ...], data: str | None, env: str | None, debug: bool) -> None:
    """Register trained categories as models of MLflow; the best of each by validation photos gets the alias best.

    A model that is registered already gets no second version.
    """
    with errors_as_messages(debug):
        given = options.places(data=data)
        start_kedro()
        from kedro.framework.session import KedroSession

        from apparel_eye.prediction.models import choose_categories
        from apparel_eye.tracking.registry import register

        session: Any
        with KedroSession.create(env=env, runtime_params=given) as session:
            context = session.load_context()
            experiment = context.mlflow.tracking.experiment.name
            models = data_folder(context)
            for category in choose_categories(models, categories or None):
                click.echo(register(models, category, experiment).in_words())
