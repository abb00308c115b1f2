"""Data-parallel work in several processes of this machine, from within a node: one a GPU, or several on processors."""

import logging
import math
import os
import pickle
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from logging.handlers import QueueHandler
from mmap import mmap
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

import numpy as np
import torch
from torch import multiprocessing

from apparel_eye import signals
from apparel_eye.errors import ApparelEyeError, SystemEnvironmentError

Item = TypeVar("Item")
_PATIENCE = 8.0  # seconds that processes get to save, once the run was asked to stop
_HOST = "127.0.0.1"


def in_processes(processes: int, function: Callable[..., Iterator[Item]], *args: Any) -> Iterator[Item]:
    """What a generator function yields; with several processes, what it yields in the first of them.

    All of them run it with the same arguments; accelerate tells them of each other.

    Raises:
        SystemEnvironmentError: a process ended before its work did.
        Interrupted: the run was asked to stop; the processes were told, and what they yielded then was handed out.
    """
    if processes == 1:
        yield from function(*args)
        return
    context = multiprocessing.get_context("spawn")
    task = pickle.dumps((function, [_Portable(arg) for arg in args]))
    receiver, sender = context.Pipe(duplex=False)
    asked, port = context.Event(), _free_port()
    num_threads = max(1, torch.get_num_threads() // processes)
    team = [
        context.Process(
            target=_member,
            args=(rank, processes, port, num_threads, asked, sender if rank == 0 else None, task),
            daemon=True,
        )
        for rank in range(processes)
    ]
    try:
        for process in team:
            process.start()
        sender.close()  # so that the first process's end is seen
        with signals.deferred():
            yield from _received(receiver, team, asked)
            signals.stop()
    finally:
        for process in team:
            process.kill()
            process.join()


def _received(receiver: Connection, team: list[Any], asked: Any) -> Iterator[Any]:
    """What the first process sends, until it says that it is done."""
    deadline = math.inf
    while time.monotonic() < deadline:
        if signals.requested() and not asked.is_set():
            asked.set()
            deadline = time.monotonic() + _PATIENCE
        at_work = [process.sentinel for process in team if process.exitcode is None]
        ready = wait([receiver, *at_work], timeout=0.1)
        if receiver in ready:
            try:
                kind, content = receiver.recv()
            except EOFError:
                raise _lost(team) from None
            if kind == "done":
                _wait_for(team)
                return
            if kind == "log":
                logging.getLogger(content.name).handle(content)
                continue
            if kind == "error":
                raise content
            yield content
        elif any(process.exitcode for process in team):
            raise _lost(team)


def _wait_for(team: list[Any]) -> None:
    for process in team:
        process.join(timeout=1)


def _lost(team: list[Any]) -> SystemEnvironmentError:
    _wait_for(team)
    codes = [process.exitcode for process in team]
    return SystemEnvironmentError(
        f"a training process ended before its work did (exit codes {codes}; -9 is most often a lack of memory); "
        "run again with fewer train.processes or a smaller train.batch_size; what was saved is gone on from"
    )


def _member(
    rank: int,
    size: int,
    port: int,
    num_threads: int,
    asked: Any,
    sender: Connection | None,
    task: bytes,
) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_pass_on, args=[asked], daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):  # terminals and schedulers send them to all processes
        signal.signal(number, signal.SIG_IGN)  # the parent tells
    # what launchers set; accelerate and torch read it
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size), LOCAL_WORLD_SIZE=str(size),
        MASTER_ADDR=_HOST, MASTER_PORT=str(port), TQDM_DISABLE="" if rank == 0 else "1",
    )  # fmt: skip
    torch.set_num_threads(num_threads)
    if torch.cuda.is_available():
        torch.cuda.set_device(rank % torch.cuda.device_count())
    ours = logging.getLogger("apparel_eye")
    ours.propagate = False
    ours.setLevel(logging.INFO)
    ours.addHandler(logging.NullHandler() if sender is None else _Sending(sender))
    message: tuple[str, Any] = ("done", None)
    try:
        function, args = pickle.loads(task)  # after the environment is as it should be for what is imported
        for item in function(*(arg.unpacked() for arg in args)):
            if sender is not None:
                sender.send(("item", item))
    except ApparelEyeError as error:
        message = ("error", error)
    except signals.Interrupted:
        pass  # the parent knows
    if sender is not None:
        with suppress(BrokenPipeError):
            sender.send(message)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class _Sending(QueueHandler):
    """Log records to the parent, which knows where they go."""

    def __init__(self, sender: Connection) -> None:
        super().__init__(queue.SimpleQueue())
        self._sender = sender

    def enqueue(self, record: logging.LogRecord) -> None:
        self._sender.send(("log", record))


class _Portable:
    """An argument on its way to another process; a memory-mapped file goes by its name."""

    def __init__(self, argument: Any) -> None:
        whole_file = isinstance(argument, np.memmap) and isinstance(argument.base, mmap)
        self._path = os.fspath(argument.filename) if whole_file else None
        self._argument = None if self._path else argument

    def unpacked(self) -> Any:
        return np.load(self._path, mmap_mode="r", allow_pickle=False) if self._path else self._argument


def _pass_on(asked: Any) -> None:
    asked.wait()
    signals.ask()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        port: int = listener.getsockname()[1]
    return port
