"""Names that timm has, read from its files: importing it takes seconds, and a misspelt name is to be told at once."""

import difflib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from apparel_eye.errors import UsageError

BUNDLED = "tf_efficientnet_lite0"
"""The backbone of which a package has weights."""
_ENTRY = re.compile(r"^@register_model\b[^\n]*\ndef (\w+)\(", re.MULTILINE)
_TAGGED = re.compile(r"""['"](\w+\.\w+)\*?['"]""")
_OLD = re.compile(r"register_model_deprecations\(__name__, \{(.*?)\n?\}\)", re.DOTALL)
_KEY = re.compile(r"""['"](\w+)['"]\s*:""")


def check_backbone(name: str) -> None:
    """Refuse a name that timm cannot have; what it makes up while it is imported is told when the network is built.

    Args:
        name: of an architecture, or that and a tag of its pretrained weights behind a dot.
    """
    names = _read_names()
    architecture, _, tag = name.partition(".")
    tagged = sorted(known for known in names.tagged if known.startswith(f"{architecture}."))
    if architecture not in names.architectures | names.old:
        _refuse(name, architecture, sorted(names.architectures))
    if tag and tagged and name not in tagged:
        _refuse(name, name, tagged)


def check_source(name: str, source: str) -> None:
    """Refuse weights that cannot be had for a backbone: see ``pretrained.pretrained_weights``."""
    if source == "bundled" and name != BUNDLED:
        raise UsageError(f"train.pretrained=bundled has weights of {BUNDLED} only, not of {name}; use hub or a file")
    if source in ("hub", "bundled", "none"):
        return
    if Path(source).suffix != ".safetensors" or not Path(source).is_file():
        near = difflib.get_close_matches(source, ["hub", "bundled", "none"], n=1)
        raise UsageError(
            f"train.pretrained is {source!r}: neither hub, bundled or none, nor a .safetensors file that exists"
            + (f"; did you mean {near[0]}?" if near else "")
        )


def _refuse(name: str, wanted: str, known: list[str]) -> None:
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0)
    raise UsageError(f"train.backbone is {name!r}, which timm does not have; the nearest are {', '.join(near)}")


class _Names(NamedTuple):
    """Functions that build a network, those with a tag of pretrained weights, and names that stand for others."""

    architectures: set[str]
    tagged: set[str]
    old: set[str]


@cache
def _read_names() -> _Names:
    timm = find_spec("timm")
    assert timm is not None
    assert timm.origin is not None
    names = _Names(set(), set(), set())
    for path in Path(timm.origin).with_name("models").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        names.architectures.update(_ENTRY.findall(text))
        names.tagged.update(_TAGGED.findall(text))
        names.old.update(key for replaced in _OLD.findall(text) for key in _KEY.findall(replaced))
    return names
