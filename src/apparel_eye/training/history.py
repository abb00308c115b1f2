"""What a run prints of its epochs."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from apparel_eye.metrics.official import Probabilities
from apparel_eye.parameters import PhaseParameters

logger = logging.getLogger(__name__)

_HEADING = "  epoch   learning rate   train loss   validation loss   accuracy   basic / average precision     time"


def announce(what: str, size: Sequence[int], phase: PhaseParameters) -> None:
    """One line for a phase."""
    cycles = " + ".join(map(str, phase.cycle_lengths)) or "none"
    logger.info("    %d x %d px, training %s, %d epochs in cycles of %s", size[0], size[1], what, phase.epochs, cycles)


def head_columns() -> None:
    """The heading of the lines for epochs."""
    logger.info(_HEADING)


def report(row: Mapping[str, float], epochs: int) -> None:
    """One line for an epoch."""
    logger.info(
        "  %5s   %13.1e   %10.3f   %15.3f   %6.1f %%   %17.3f / %.3f   %6.1f s",
        f"{row['epoch']:.0f}/{epochs}",
        row["learning_rate"],
        row["train_loss"],
        row["validation_loss"],
        100 * row["accuracy"],
        row["basic_precision"],
        row["average_precision"],
        row["seconds"],
    )


def warn_of_collapse(probabilities: Probabilities, values: Sequence[str]) -> None:
    """A network that gives all photos one answer has learned nothing."""
    answers = np.unique(probabilities.argmax(axis=1))
    if len(answers) == 1 and len(probabilities) > 1:
        logger.warning("    all %d validation photos are predicted as %s", len(probabilities), values[answers[0]])
