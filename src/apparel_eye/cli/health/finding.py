"""Findings and the report of them, which may be shown to anybody: no home folder, no passwords."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apparel_eye.errors import without_credentials


@dataclass(frozen=True)
class Finding:
    """Something that was looked at.

    Attributes:
        name: of it.
        found: how it is.
        problem: what is wrong with it and what helps, if anything is wrong.
        is_needed: whether a run stops for the problem.
    """

    name: str
    found: str
    problem: str = ""
    is_needed: bool = True


def report(sections: Mapping[str, Sequence[Finding]]) -> str:
    """Markdown: a list for each section, and one of what is wrong."""
    lines = []
    for title, findings in sections.items():
        lines += [f"## {title}", "", *(f"- {finding.name}: {finding.found}" for finding in findings), ""]
    wrong = [finding for findings in sections.values() for finding in findings if finding.problem]
    lines += ["## What is wrong", ""]
    lines += [f"- {finding.name}: {finding.problem}{'' if finding.is_needed else ' (runs go on)'}" for finding in wrong]
    return private("\n".join([*lines, *([] if wrong else ["Nothing."])]))


def private(text: str) -> str:
    """A text without the home folder and without credentials."""
    text = without_credentials(text)
    home = str(Path.home())
    return re.sub(rf"{re.escape(home)}(?=/|\b)", "~", text) if home != "/" else text
