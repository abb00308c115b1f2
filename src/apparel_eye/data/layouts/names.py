"""Names of categories and values: what they must not look like, since they become folders, columns and table cells."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from apparel_eye.errors import DataError

_RESERVED = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?$|.*[<>:"|?*]', re.IGNORECASE | re.DOTALL)


def check_names(names: Iterable[str], what: str) -> list[str]:
    """Notes on names that other systems do not allow.

    Args:
        names: to check.
        what: they name, for messages.

    Raises:
        DataError: a name is not safe in a table, or two can hardly be told apart.
    """
    names = sorted(set(names))
    for name in names:
        check_text(name, f"the {what}")
    check_distinct(names, what)
    reserved = [name for name in names if _RESERVED.match(name)]
    if not reserved:
        return []
    return [f"{len(reserved)} {what} names cannot be stored on Windows, for example {reserved[0]!r}"]


def check_text(text: str, what: str) -> None:
    """Refuse a text that is empty, or not safe in a table."""
    if flaw := _flaw(text):
        raise DataError(f"{what} {text!r} {flaw}; rename it")


def check_distinct(names: Iterable[str], what: str) -> None:
    """Refuse names that differ only by upper and lower case, or by how accents are stored."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        alike[folded(name)].append(name)
    for group in alike.values():
        if len(group) > 1:
            raise DataError(f"the {what} names {_difference(*group[:2])}; keep one spelling")


def folded(name: str) -> str:
    """Equal for names that file systems or readers take for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _difference(first: str, second: str) -> str:
    if unicodedata.normalize("NFC", first) != unicodedata.normalize("NFC", second):
        return f"{first!r} and {second!r} differ only by upper and lower case"
    return f"{first!r} ({_code_points(first)}) and {second!r} ({_code_points(second)}) look the same"


def _code_points(name: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in name)


def _flaw(name: str) -> str:
    if not name:
        return "is empty"
    if name[0] in "=+-@" or name[0].isspace():
        return f"starts with {name[0]!r}, which a spreadsheet takes for a formula or hides"
    if name[-1] == "." or name[-1].isspace():
        return f"ends with {name[-1]!r}, which some systems drop"
    if bad := [character for character in name if unicodedata.category(character) in ("Cc", "Zl", "Zp")]:
        return f"holds the control character {bad[0]!r}"
    if "\\" in name:
        return "holds a backslash, which stands for a byte that is not UTF-8, or divides folders on Windows"
    return ""
