"""From probabilities to the competition's files."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics.official import true_values
from apparel_eye.selection.submission import make_submission, prior_of
from apparel_eye.selection.tables import probabilities_of

logger = logging.getLogger(__name__)


def write_candidate(candidate: str) -> Callable[..., Iterator[pd.DataFrame]]:
    """A node that writes the submission of a candidate; without photos to predict there is none."""

    def write(
        questions: pd.DataFrame,
        probabilities: pd.DataFrame,
        subsets: Subsets,
        category: str,
    ) -> Iterator[pd.DataFrame]:
        if not questions.empty:
            yield _submission(candidate, questions, probabilities, subsets, category)

    return write


def write_chosen(
    questions: pd.DataFrame,
    probabilities: pd.DataFrame,
    subsets: Subsets,
    category: str,
    scores: dict[str, Any],
) -> Iterator[pd.DataFrame]:
    """The submission of the chosen candidate; without photos to predict there is none."""
    if questions.empty:
        logger.info("There is no question.csv with photos of %s, so there is no submission to write", category)
        return
    candidate = scores["submission"]["candidate"]
    yield _submission(candidate, questions, probabilities, subsets, category)


def _submission(
    candidate: str,
    questions: pd.DataFrame,
    probabilities: pd.DataFrame,
    subsets: Subsets,
    category: str,
) -> pd.DataFrame:
    image_keys = subsets.keys_of(subsets.to_predict)
    answers = probabilities_of(probabilities, candidate, image_keys)
    prior = prior_of(true_values(subsets.all_label_strings), len(subsets.values))
    return make_submission(questions, image_keys, answers, prior, category)
