"""From several models' probabilities to their mean."""

import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd

from apparel_eye.metrics.official import true_values
from apparel_eye.parameters import EnsembleParameters, ReportParameters
from apparel_eye.prediction.ensemble import ENSEMBLE, Member, as_json, average
from apparel_eye.selection.submission import make_submission, prior_of
from apparel_eye.selection.tables import probabilities_of, table_of

logger = logging.getLogger(__name__)


def average_members(
    members: list[Member], ensemble: EnsembleParameters, report: ReportParameters
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Probabilities of the mean, and the scores of members and mean, as a table and as JSON."""
    found = average(members, ensemble.candidate, report.precision, report.num_resamples)
    if not len(found.validation_keys):
        logger.warning(
            "The members have no validation photo in common, so the mean has no score of its own; members of one split "
            "(split.validation_fold, split.seed) have"
        )
    probabilities = pd.concat(
        [
            table_of(ENSEMBLE, found.validation_keys, "validation", found.validation),
            table_of(ENSEMBLE, found.question_keys, "to predict", found.questions),
        ],
        ignore_index=True,
    )
    return probabilities, found.table, as_json(found, members)


def write_ensemble(members: list[Member], probabilities: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The submission of the mean; without photos to predict there is none."""
    first = members[0]
    if first.questions.empty:
        logger.info("There are no photos to predict, so there is no submission to write")
        return
    prior = prior_of(true_values(first.subsets.all_label_strings), len(first.about.values))
    keys = probabilities.loc[probabilities["role"] == "to predict", "image_key"]
    answers = probabilities_of(probabilities, ENSEMBLE, keys)
    yield make_submission(first.questions, keys, answers, prior, first.about.category)
