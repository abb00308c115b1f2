"""Writes the page of parameters when the site is built, from the typed models and the YAML files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from apparel_eye.parameters import ProjectParameters
from apparel_eye.parameters.reference import Described, describe_parameters, sections, written

ROOT = Path(__file__).parents[1]
PAGE, MARK = "parameters.md", "<!-- parameters -->"
ENVIRONMENTS = ("cpu", "demo")
"""Beside ``base``, those that people run."""


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """MkDocs calls this for each page, with its text."""
    return markdown.replace(MARK, reference(ROOT / "conf")) if page.file.src_uri == PAGE else markdown


def reference(conf: Path) -> str:
    """A section for each top-level key, with a table of its parameters."""
    elsewhere = {
        env: {parameter.name: parameter.value for parameter in describe_parameters(conf, env)} for env in ENVIRONMENTS
    }
    found = sections(describe_parameters(conf, "base"))
    return "\n\n".join(_section(name, parameters, elsewhere) for name, parameters in found.items())


def _section(name: str, parameters: Iterable[Described], elsewhere: dict[str, dict[str, Any]]) -> str:
    about: Any = ProjectParameters.model_fields[name].annotation if name else None
    said = (about.__doc__ or "").split("\n\n")[0] if about else "What a run is about, and where things lie."
    rows = [_row(parameter, elsewhere) for parameter in parameters]
    table = ["| parameter | takes | default | meaning |", "| --- | --- | --- | --- |", *rows]
    heading = f"## {name or 'At the top'}"
    return "\n".join([heading, "", said, "", '<div class="parameters" markdown>', "", *table, "", "</div>"])


def _row(parameter: Described, elsewhere: dict[str, dict[str, Any]]) -> str:
    others = [
        f"{env}: `{written(values[parameter.name])}`"
        for env, values in elsewhere.items()
        if values[parameter.name] != parameter.value
    ]
    default = "<br>".join([f"`{written(parameter.value)}`", *others])
    cells = (f"`{parameter.name}`", parameter.type, default, parameter.meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
