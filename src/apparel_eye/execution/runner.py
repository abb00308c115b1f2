"""Runs the nodes of a pipeline in order, and loads what is finished with the same settings and data."""

import logging
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner import SequentialRunner
from kedro.runner.task import Task
from pluggy import PluginManager

from apparel_eye import signals
from apparel_eye.datasets import notes, seal
from apparel_eye.datasets.sealed import SealedDataset
from apparel_eye.datasets.storage import wrapped_errors
from apparel_eye.errors import StoppedError, SystemEnvironmentError
from apparel_eye.execution import locks, resume
from apparel_eye.execution.fingerprints import fingerprint_of, input_fingerprint, versions_of
from apparel_eye.execution.leftovers import remove_leftovers
from apparel_eye.execution.titles import title_of

logger = logging.getLogger(__name__)

_WORTH_TELLING = 5.0  # seconds
_EFFECTIVE = os.access in os.supports_effective_ids  # Windows asks for the user who started the program


class FinishedRunner(SequentialRunner):
    """A node is skipped if all its files were made from the same inputs, parameters and code.

    Each node has a fingerprint: of the code, its parameters, and the checksums of the files that it reads. When it is
    done, the fingerprint is noted in the seals of the files that it wrote. A node that writes a checkpoint goes on
    where it was stopped, see ``unfinished``. One run at a time writes to a folder.
    """

    def _run(
        self,
        pipeline: Pipeline,
        catalog: Any,  # a DataCatalog
        hook_manager: PluginManager | None = None,
        run_id: str | None = None,
    ) -> None:
        nodes = pipeline.nodes
        written = [dataset for node in nodes for dataset in _sealed_outputs(node, catalog)]
        folders = {dataset.path.parent for dataset in written}
        doing = "before the first step"
        told: set[str] = set()
        try:
            _check_writable(place for folder in folders for place in (folder, folder / notes.FOLDER))
            with locks.held(folders):
                remove_leftovers(file for dataset in written for file in dataset.files)
                _move_notes_in(folders)
                for name in sorted(pipeline.inputs()):
                    input_fingerprint(name, catalog)  # a folder that is missing is told before anything is made
                resume.refuse_changes(nodes, catalog)
                _tell_earlier_version(written)
                for position, node in enumerate(nodes, start=1):
                    doing = f"during {title_of(node)}"
                    signals.stop()  # a signal that comes while objects are removed raises nothing
                    task = Task(node=node, catalog=catalog, hook_manager=hook_manager, is_async=False, run_id=run_id)
                    _finish(task, catalog, f"[{position}/{len(nodes)}] {title_of(node)}", told)
        except signals.Interrupted as asked:
            message = f"stopped by {asked} {doing}; the same command goes on from there"
            raise StoppedError(message, asked.signal_number) from asked


def is_finished(node: Node, catalog: DataCatalog, fingerprint: str) -> bool:
    """Whether all outputs of a node are files that were made from what it would be made from now."""
    datasets = [catalog.get(name) for name in node.outputs]
    return all(
        isinstance(dataset, SealedDataset)
        and dataset.path.exists()
        and seal.read(dataset.path).get("made_from") == fingerprint
        for dataset in datasets
    )


def _finish(task: Task, catalog: DataCatalog, title: str, told: set[str]) -> None:
    node, versions = task.node, versions_of(task.node)
    fingerprint = fingerprint_of(node, catalog)
    if is_finished(node, catalog, fingerprint):
        _check_handed_in(node, catalog)
        logger.info("%s: finished before, loaded", title)
        _tell_other_versions(node, catalog, versions, told)
        resume.forget(node, catalog)
        return
    logger.info("%s", title)
    started = time.perf_counter()
    with resume.resuming(node, catalog) as has_ended:
        if not has_ended:
            task.execute()
    for dataset in _sealed_outputs(node, catalog):
        if dataset.path.exists():
            seal.mark_finished(dataset.path, fingerprint, versions)
    resume.forget(node, catalog)
    seconds = time.perf_counter() - started
    if seconds >= _WORTH_TELLING:
        logger.info("    %s took %.0f s", title_of(node), seconds)


def _tell_earlier_version(written: Iterable[SealedDataset[Any, Any]]) -> None:
    """Say that 0.1.0 noted otherwise what results are made from, so that none of its results counts as finished."""
    seals = [seal.read(dataset.path) for dataset in written if dataset.path.exists()]
    number = sum("made_from" in each and "made_with" not in each for each in seals)
    if number:
        logger.info(
            "%d results here are of an earlier version, which noted less of what they are of: made anew", number
        )


def _tell_other_versions(node: Node, catalog: DataCatalog, versions: Mapping[str, str], told: set[str]) -> None:
    """Say once what was made with another version of a library; it is loaded as it is."""
    for dataset in _sealed_outputs(node, catalog):
        for name, was in seal.made_with(dataset.path).items():
            if versions.get(name, was) != was and name not in told:
                told.add(name)
                logger.warning(
                    "    made with %s %s, installed is %s: loaded as it is; --params data=FOLDER makes all anew there",
                    *(name, was, versions[name]),
                )


def _check_handed_in(node: Node, catalog: DataCatalog) -> None:
    """What no node reads and people take away would stay damaged unnoticed.

    Raises:
        DataError: it is damaged, or somebody has edited it; then it is theirs to decide, so it is not made again.
    """
    for dataset in _sealed_outputs(node, catalog):
        if dataset.handed_in:
            with wrapped_errors(dataset.path, "read"):
                seal.check(dataset.path)


def _move_notes_in(folders: Iterable[Path]) -> None:
    moved = 0
    for folder in folders:
        with wrapped_errors(folder / notes.FOLDER):
            moved += notes.move_in(folder)
    if moved:
        logger.info("%d checksums and other notes of an earlier version moved into %s", moved, notes.FOLDER)


def _check_writable(folders: Iterable[Path]) -> None:
    """Where nothing can be written is told before hours of training, not after."""
    there = {next(parent for parent in (folder, *folder.parents) if parent.exists()) for folder in folders}
    for folder in sorted(there):
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE):
            what = "nothing can be written to it" if folder.is_dir() else "it is a file, not a folder"
            raise SystemEnvironmentError(
                f"results go to {folder}: {what}; name another folder with --params data=FOLDER"
            )


def _sealed_outputs(node: Node, catalog: DataCatalog) -> list[SealedDataset[Any, Any]]:
    datasets = [catalog.get(name) for name in node.outputs]
    return [dataset for dataset in datasets if isinstance(dataset, SealedDataset)]
