"""Comments of a YAML file by the key that they are about."""

import re
from collections.abc import Iterator

import yaml

_COMMENT = re.compile(r"(?:^|\s)#\s?(.*)$")


def comments_in(text: str) -> dict[str, str]:
    """The comment of each key that has one, by its dotted name.

    It stands behind the value, behind the colon where the value begins on the next line, or on the lines above.
    """
    lines = text.splitlines()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = {name: _behind(lines, key, value) or _above(lines, key) for name, key, value in _keys(root)}
    return {name: comment for name, comment in found.items() if comment}


def _keys(node: yaml.Node | None, above: str = "") -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        yield f"{above}{key.value}", key, value
        yield from _keys(value, f"{above}{key.value}.")


def _behind(lines: list[str], key: yaml.Node, value: yaml.Node) -> str:
    is_block = isinstance(value, yaml.CollectionNode) and not value.flow_style
    end = key.end_mark if is_block else value.end_mark
    if end.column == 0:  # text of several lines ends where the next key begins
        return ""
    behind = lines[end.line][end.column :].strip()
    if behind.startswith((",", "}")):  # a key within braces: the comment is about all of them
        return ""
    comment = _COMMENT.search(behind.removeprefix(":"))
    return comment[1].strip() if comment else ""


def _above(lines: list[str], key: yaml.Node) -> str:
    """Lines of nothing but a comment, from the key's own up to the first that is something else."""
    start = key.start_mark
    if lines[start.line][: start.column].strip():  # not the first on its line
        return ""
    above: list[str] = []
    for line in reversed(lines[: start.line]):
        if not line.lstrip().startswith("#"):
            break
        above.insert(0, line.strip().removeprefix("#").strip())
    return " ".join(above)
