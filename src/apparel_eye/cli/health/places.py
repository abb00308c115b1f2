"""The environment, the raw folder and the category, as a run would take them."""

from collections.abc import Iterator
from pathlib import Path

from apparel_eye.cli.health.finding import Finding
from apparel_eye.errors import ApparelEyeError
from apparel_eye.parameters import ProjectParameters


def folders(parameters: ProjectParameters, env: str, raw: Path, data: Path) -> Iterator[Finding]:
    """Where files are read and written, and of which categories there are photos."""
    yield Finding("project", str(Path.cwd()))
    yield Finding("environment", f"{env} (conf/{env})")
    yield Finding("results", str(data))
    yield from _raw(parameters, raw)


def _raw(parameters: ProjectParameters, raw: Path) -> Iterator[Finding]:
    from apparel_eye.data.layouts.offered import check_category, choose_category, offered_categories
    from apparel_eye.data.raw_folder import scan_folder

    labels = parameters.ingest.labels
    try:
        folder = scan_folder(raw, follow_links=parameters.follow_links)
        offered = ", ".join(offered_categories(folder, labels)) or "none"
    except ApparelEyeError as error:
        yield Finding("raw folder", str(raw), str(error))
        return
    yield Finding("raw folder", f"{raw}, {len(folder.files):,} files; categories: {offered}")
    try:
        category, why = choose_category(folder, parameters.category, labels)
        check_category(folder, category, labels)
        yield Finding("category", f"{category}, {why}")
    except ApparelEyeError as error:
        yield Finding("category", parameters.category, str(error))
