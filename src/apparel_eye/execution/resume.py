"""Nodes that go on where they were stopped, and only with what they began with.

There is a note (see ``notes``) of the file of a node that is not finished. It is JSON: the code, version of torch,
parameters and checksums of inputs that the node began with, and the checksum of a finished file that stood there.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from kedro.io import DataCatalog
from kedro.pipeline.node import Node

from apparel_eye import signals
from apparel_eye.datasets import notes, seal
from apparel_eye.datasets.sealed import ResumableDataset
from apparel_eye.datasets.storage import wrapped_errors
from apparel_eye.errors import UsageError
from apparel_eye.execution.fingerprints import input_fingerprint, is_parameter
from apparel_eye.execution.reach import checksum_of
from apparel_eye.execution.titles import title_of

logger = logging.getLogger(__name__)

_REMEDY = (
    "Run with what it began with to finish it, or with --params {}=restart to start it afresh; then what it has done "
    "so far is lost"
)
_KEYS = {"code", "torch", "parameters", "inputs", "previous_checksum"}
Origin = Mapping[str, Any]


def refuse_changes(nodes: Iterable[Node], catalog: DataCatalog) -> None:
    """Tell before anything runs which nodes could not go on; inputs are compared once they are made.

    Raises:
        UsageError: code, torch or parameters are not what an unfinished node began with.
    """
    messages, parameters = [], []
    for node in nodes:
        dataset = _resumable(node, catalog)
        begun = None if dataset is None else _read(dataset)
        if dataset is None or begun is None or _may_restart(dataset, catalog):
            continue
        if dataset.is_unfinished() and not _has_ended(dataset, begun):
            messages += _messages(node, _changes(begun, {**_origin(node, catalog), "inputs": begun["inputs"]}))
            parameters.append(dataset.on_change)
    if messages:
        raise UsageError("\n".join([*messages, _REMEDY.format(parameters[0])]))


@contextmanager
def resuming(node: Node, catalog: DataCatalog) -> Iterator[bool]:
    """Within it, a node runs that can be stopped and gone on with; what it may not go on from is removed before.

    Yields:
        Whether it had come to its end and was stopped just then, so that it need not run again.

    Raises:
        UsageError: the node is not finished, and began with something else.
    """
    dataset = _resumable(node, catalog)
    if dataset is None:
        yield False
        return
    origin, begun = _origin(node, catalog), _read(dataset)
    has_ended = begun is not None and _has_ended(dataset, begun)
    if has_ended:
        dataset.forget()  # it was killed before it had
    changes = _changes(begun, origin) if begun else []
    if begun is None or changes:
        _start_afresh(node, catalog, dataset, changes)
        previous = seal.sha256_of(dataset.path) if dataset.path.exists() else None
        with wrapped_errors(dataset.path):
            notes.write(dataset.path, notes.BEGUN, json.dumps({**origin, "previous_checksum": previous}))
        yield False
    else:
        yield has_ended
    if dataset.is_unfinished():
        signals.stop()
        raise RuntimeError(f"{title_of(node)} returned before it had finished")


def forget(node: Node, catalog: DataCatalog) -> None:
    """Remove the note of what a node began with, which is finished."""
    dataset = _resumable(node, catalog)
    note = None if dataset is None else notes.place_of(dataset.path, notes.BEGUN)
    if dataset is not None and note is not None and note.exists():
        dataset.forget()
        with wrapped_errors(note, "removed"):
            note.unlink()


def _has_ended(dataset: ResumableDataset[Any, Any], begun: Origin) -> bool:
    return dataset.is_complete() and seal.sha256_of(dataset.path) != begun["previous_checksum"]


def _start_afresh(node: Node, catalog: DataCatalog, dataset: ResumableDataset[Any, Any], changes: list[str]) -> None:
    if dataset.is_unfinished():
        if changes and not _may_restart(dataset, catalog):
            raise UsageError("\n".join([*_messages(node, changes), _REMEDY.format(dataset.on_change)]))
        why = "\n      ".join(
            ["it began with something else:", *changes] if changes else ["nobody knows what it is of"]
        )
        logger.warning("    starts afresh, and what was not finished is removed: %s", why)
    dataset.forget()


def _resumable(node: Node, catalog: DataCatalog) -> ResumableDataset[Any, Any] | None:
    datasets = [catalog.get(name) for name in node.outputs]
    return next((each for each in datasets if isinstance(each, ResumableDataset) and each.on_change), None)


def _may_restart(dataset: ResumableDataset[Any, Any], catalog: DataCatalog) -> bool:
    parameter = f"params:{dataset.on_change}"
    return parameter in catalog and catalog.load(parameter) == "restart"


def _origin(node: Node, catalog: DataCatalog) -> dict[str, Any]:
    parts = {name: input_fingerprint(name, catalog) for name in node.inputs}
    origin = {
        "code": checksum_of(node.func),
        "torch": version("torch"),
        "parameters": {name.removeprefix("params:"): tree for name, tree in parts.items() if is_parameter(name)},
        "inputs": {name: checksum for name, checksum in parts.items() if not is_parameter(name)},
    }
    as_it_is_read: dict[str, Any] = json.loads(json.dumps(origin))
    return as_it_is_read


def _changes(was: Origin, now: Origin) -> list[str]:
    changes = ["the code has changed"] if was["code"] != now["code"] else []
    if was["torch"] != now["torch"]:
        changes.append(f"torch: was {was['torch']}, is {now['torch']}")
    old, new = (dict(_leaves("", origin["parameters"])) for origin in (was, now))
    changes += [
        f"{name}: was {old.get(name, 'not there')}, is {new.get(name, 'not there')}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    names = sorted({*was["inputs"], *now["inputs"]})
    return changes + [f"{name} has changed" for name in names if was["inputs"].get(name) != now["inputs"].get(name)]


def _leaves(name: str, tree: Any) -> Iterator[tuple[str, str]]:
    if isinstance(tree, Mapping) and tree:
        for key, branch in tree.items():
            yield from _leaves(f"{name}.{key}" if name else key, branch)
    else:
        yield name, json.dumps(tree, ensure_ascii=False)


def _messages(node: Node, changes: list[str]) -> list[str]:
    title = f"{title_of(node)} is not finished, and began with something else:"
    return [title, *(f"  {change}" for change in changes)] if changes else []


def _read(dataset: ResumableDataset[Any, Any]) -> Origin | None:
    begun = notes.read(dataset.path, notes.BEGUN)
    if "stood" in begun:  # as earlier versions called it
        begun["previous_checksum"] = begun.pop("stood")
    return begun if set(begun) >= _KEYS else None
