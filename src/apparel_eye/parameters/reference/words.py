"""Types of parameters in plain words, with the values that are allowed."""

from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from apparel_eye.parameters.choices import Choice

_KINDS = {bool: "true or false", int: "whole number", float: "number", str: "text", NoneType: "null"}


def in_words(field: FieldInfo) -> str:
    """What a field takes: ``number from 0 to 1``, ``one of squash, pad, crop`` ..."""
    return _words(field.annotation, field.metadata)


def meaning_of(field: FieldInfo, comment: str) -> str:
    """What a field stands for: its description or else the comment of its default, and each name that it may have."""
    families = [family.meaning for family in families_in(field.annotation, field.metadata)]
    return "; ".join(said for said in (field.description or comment, *families) if said)


def families_in(annotation: Any, limits: Iterable[Any]) -> Iterator[Choice]:
    """Those that a value, or one within a list, is a member of."""
    yield from (limit for limit in limits if isinstance(limit, Choice))
    for part in get_args(annotation):
        yield from families_in(part, getattr(part, "__metadata__", ()))


def _words(annotation: Any, limits: Iterable[Any]) -> str:
    if isinstance(annotation, FieldInfo):
        return _words(annotation.annotation, [*annotation.metadata, *limits])
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(args[0], [*_flat(args[1:]), *limits])
    if origin is Literal:
        return args[0] if len(args) == 1 else f"one of {', '.join(map(str, args))}"
    if families := [limit for limit in limits if isinstance(limit, Choice)]:
        return f"one of {', '.join(families[0].members)}"
    if origin in (Union, UnionType):
        return ", or ".join(_words(kind, []) for kind in args)
    if origin is tuple:
        return _list_words(args, limits)
    if origin is dict:
        return "names and values"
    return _KINDS[annotation] + _range(annotation, limits)


def _flat(metadata: Iterable[Any]) -> list[Any]:
    """What fields within annotations say of their values."""
    return [limit for part in metadata for limit in (part.metadata if isinstance(part, FieldInfo) else [part])]


def _list_words(kinds: tuple[Any, ...], limits: Iterable[Any]) -> str:
    each = _words(kinds[0], [])
    if kinds[1:] != (...,):
        return f"list of {len(kinds)}, each a {each}"
    least = _limit(limits, MinLen, "min_length")
    return f"list{f' of at least {least}' if least else ''}, each {_article(each)}"


def _article(words: str) -> str:
    return words if words.startswith(("one of", "text")) else f"a {words}"


def _range(kind: type, limits: Iterable[Any]) -> str:
    """Of a number, from its lowest to its highest value; of a text, whether it may be empty."""
    limits = list(limits)
    least, above = _limit(limits, Ge, "ge"), _limit(limits, Gt, "gt")
    most, below = _limit(limits, Le, "le"), _limit(limits, Lt, "lt")
    if kind is str:
        return ", not empty" if _limit(limits, MinLen, "min_length") else ""
    if least is not None and most is not None:
        return f" from {least} to {most}"
    told = [("at least", least), ("above", above), ("at most", most), ("below", below)]
    said = [f"{words} {number}" for words, number in told if number is not None]
    return f" {' and '.join(said)}" if said else ""


def _limit(limits: Iterable[Any], kind: type[Ge | Gt | Le | Lt | MinLen], name: str) -> Any:
    return next((getattr(limit, name) for limit in limits if isinstance(limit, kind)), None)
