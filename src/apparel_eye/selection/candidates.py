"""Which candidate is submitted: XGBoost, unless validation photos speak against it; and how good such a choice is."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.data.subsets import Rows, Subsets
from apparel_eye.errors import UsageError, nearest
from apparel_eye.metrics import official
from apparel_eye.metrics.bootstrap import bootstrap
from apparel_eye.metrics.official import LabelStrings, Probabilities
from apparel_eye.parameters.candidates import NETWORK

ByCandidate = Mapping[str, Probabilities]
FAVORITE = "xgboost"
"""The candidate that has the least log loss most often."""
_BEYOND_CHANCE = 2
"""Standard errors."""
_SEED = 1
_NUM_DRAWS = 1000


def choose(candidates: ByCandidate, label_strings: LabelStrings, wanted: str = "auto") -> str:
    """XGBoost, unless another candidate has a log loss that is lower beyond chance; or the one that is wanted.

    Without XGBoost it is the candidate with the least log loss, ties by the official score. On a few dozen photos the
    best of many candidates is often the luckiest, most of all by the official score (docs/boosting.md).

    Args:
        candidates: calibrated probabilities of each, shape (photos, values).
        label_strings: labels of the same photos.
        wanted: a candidate's name, or ``auto``.
    """
    if wanted != "auto":
        if wanted not in candidates:
            raise UsageError(f"submit.candidate is {wanted!r}; {nearest(wanted, candidates)}, or auto")
        return wanted
    best = max(candidates, key=lambda candidate: merit(candidates[candidate], label_strings))
    if FAVORITE in candidates and not _is_better(candidates[best], candidates[FAVORITE], label_strings):
        return FAVORITE
    return best


def merit(probabilities: Probabilities, label_strings: LabelStrings) -> tuple[float, float]:
    """The negative log loss, then the mean of basic and average precision."""
    official_scores = [
        official.basic_precision(probabilities, label_strings),
        official.average_precision(probabilities, label_strings),
    ]
    return -official.log_loss(probabilities, label_strings), float(np.nan_to_num(np.mean(official_scores), nan=-1.0))


def _is_better(one: Probabilities, other: Probabilities, label_strings: LabelStrings) -> bool:
    """Whether the mean difference of their losses is beyond the chance of these photos."""
    differences = official.losses(other, label_strings) - official.losses(one, label_strings)
    if len(differences) < 2:
        return False
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return bool(differences.mean() > _BEYOND_CHANCE * error)


def score_choice(
    candidates: ByCandidate, label_strings: LabelStrings, halves: NDArray[np.intp], wanted: str = "auto"
) -> dict[str, float]:
    """Scores of the choice itself: the photos of each half are answered by what the other chooses."""
    answers = np.zeros_like(next(iter(candidates.values())))
    for half in np.unique(halves):
        of_half = halves == half
        others = {name: probabilities[~of_half] for name, probabilities in candidates.items()}
        answers[of_half] = candidates[choose(others, label_strings[~of_half], wanted)][of_half]
    return official.scores(answers, label_strings)


def score_table(
    candidates: ByCandidate,
    label_strings: LabelStrings,
    groups: NDArray[np.object_],
    ordered: Sequence[int],
    num_resamples: int,
) -> pd.DataFrame:
    """One row per candidate, see ``schemas.ScoreTable``.

    Args:
        candidates: probabilities of each, shape (photos, values).
        label_strings: labels of the same photos.
        groups: photos that are resampled together, for intervals.
        ordered: values that have an order, in it.
        num_resamples: for intervals; without any there are none.
    """
    measures = partial(official.all_scores, ordered=ordered)
    rows = []
    for name, probabilities in candidates.items():
        limits = (
            bootstrap(measures, probabilities, label_strings, groups, num_resamples, _SEED) if num_resamples else {}
        )
        rows.append(
            {
                "candidate": name,
                **measures(probabilities, label_strings),
                "calibration_noise": official.calibration_noise(probabilities, _SEED, _NUM_DRAWS),
                **{f"{score}_low": low for score, (low, _) in limits.items()},
                **{f"{score}_high": high for score, (_, high) in limits.items()},
                "photos": len(label_strings),
            }
        )
    return pd.DataFrame(rows)


def seen_values_of(candidate: str, subsets: Subsets, refit: bool) -> Rows:
    """Values that a candidate knows when it predicts photos: heads may have been fitted once more, on all photos."""
    if candidate in NETWORK or not refit:
        return subsets.seen_values
    return np.flatnonzero((subsets.all_label_strings == "y").any(axis=0))
