"""What tests have done in other processes, which import it by its name."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from apparel_eye import interruption
from apparel_eye.errors import DataError

logger = logging.getLogger("apparel_eye.teamwork")


def introduce(argument: Any) -> Iterator[dict[str, Any]]:
    """Say who one is and what one was given."""
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    logger.info("%d of %d", rank, size)
    torch.distributed.init_process_group("gloo")
    ranks = torch.tensor(10 + rank)
    torch.distributed.all_reduce(ranks)
    yield {
        "sum": int(ranks),
        "threads": torch.get_num_threads(),
        "progress bars": os.environ["TQDM_DISABLE"] == "",
        "is mapped": isinstance(argument, np.memmap),
        "argument": np.asarray(argument),
    }


def fail() -> Iterator[str]:
    """Yield, then stop with a message for the user."""
    yield "begun"
    raise DataError("photo 7 is missing; find it")


def crash(number: int) -> Iterator[str]:
    """One of the processes is killed by the system while the other works."""
    yield "begun"
    if int(os.environ["RANK"]) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait(60)


def work_until_asked(seconds: float) -> Iterator[str]:
    """The first process takes longer to save than the second to end."""
    yield "begun"
    while not interruption.requested():
        time.sleep(0.05)
    if os.environ["RANK"] == "0":
        time.sleep(seconds)
        yield "saved"
    interruption.stop()


def never_listen() -> Iterator[str]:
    """Go on whatever is asked for."""
    yield "begun"
    threading.Event().wait(60)


def fine_tune_and_save(path: str, begun: Any, *args: Any) -> None:
    """As the node does it and the command ends it."""
    from apparel_eye.io import CheckpointDataset  # the others start sooner without them
    from apparel_eye.vision import stage

    with interruption.handled():
        try:
            for checkpoint in stage.fine_tune(*args):
                CheckpointDataset(path).save(checkpoint)
                begun.set()
        except interruption.Interrupted as stopped:
            sys.exit(128 + stopped.signal_number)
