"""The end of a message about a name that does not exist."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Which names are alike, or else which there are."""
    names = sorted(known)
    alike = difflib.get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(alike)}?" if alike else f"there are {', '.join(names)}"
