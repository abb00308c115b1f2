"""``apparel-eye predict``."""

from typing import Any

import click

from apparel_eye.cli import options
from apparel_eye.cli.project import data_folder, start_kedro
from apparel_eye.execution.messages import errors_as_messages


@click.command("predict", short_help="Answer for photos of your own.")
@click.argument("photos")
@click.option("categories", "--category", multiple=True, help="That answers; default: all trained ones.")
@options.models
@options.candidate
@click.option("--photos-column", default="", help="Of a table: the one with the paths.")
@click.option("--heat-maps", type=click.IntRange(0), help="Photos to show what the network looked at in.")
@click.option("--follow-links", is_flag=True, help="Links may lead out of the folder.")
@options.env
@options.debug
def command(
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
    with errors_as_messages(debug):
        options.check_candidate(candidate)
        given: dict[str, Any] = options.places(photos=photos, data=data) | options.given(photos_column=photos_column)
        given |= {"predict": {"candidate": candidate}, **({"follow_links": True} if follow_links else {})}
        if heat_maps is not None:
            given["predict"]["num_heat_maps"] = heat_maps
        _predict(given, categories, env)


def _predict(given: dict[str, Any], categories: tuple[str, ...], env: str | None) -> None:
    start_kedro()
    from kedro.framework.session import KedroSession

    from apparel_eye.execution.runner import FinishedRunner
    from apparel_eye.prediction.models import choose_categories

    session: Any
    with KedroSession.create(env=env, runtime_params=given) as session:
        models = data_folder(session.load_context())
    for category in choose_categories(models, categories or None):
        with KedroSession.create(env=env, runtime_params={**given, "category": category}) as session:
            session.run(pipeline_names=["predict"], runner=FinishedRunner())
