"""Several models together: the mean of their probabilities, scored beside them on photos that none was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.attributes import ordered_values
from apparel_eye.data.subsets import Subsets
from apparel_eye.errors import DataError, UsageError, nearest
from apparel_eye.metrics import official
from apparel_eye.metrics.calibration import apply_temperature, cross_fit, fit_temperature, fit_threshold
from apparel_eye.metrics.official import LabelStrings, parse_label_strings
from apparel_eye.prediction.recognizer import About
from apparel_eye.selection.candidates import ByCandidate, score_table
from apparel_eye.selection.tables import probabilities_of

ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Member:
    """What a run of the whole flow says of one category.

    Attributes:
        name: where it was found.
        about: how its models are used.
        subsets: which of the photos it was trained on.
        questions: the photos to predict, in their order, see ``schemas.Questions``.
        probabilities: calibrated ones of all its candidates, see ``schemas.Probabilities``.
    """

    name: str
    about: About
    subsets: Subsets
    questions: pd.DataFrame
    probabilities: pd.DataFrame

    def candidate(self, wanted: str) -> str:
        """The candidate that answers; ``auto`` is the one that the run submits.

        Raises:
            UsageError: there is no such candidate.
        """
        if wanted == "auto":
            return self.about.candidate
        if wanted not in self.about.candidates:
            known = nearest(wanted, self.about.candidates)
            raise UsageError(f"ensemble.candidate is {wanted!r}, which {self.name} has not; {known}, or auto")
        return wanted

    def keys(self, role: str) -> pd.Index:
        """Photos that it answers in a role, each once, in their order."""
        answered = self.probabilities[self.probabilities["candidate"] == self.about.candidate]
        keys: pd.Index = pd.Index(answered.loc[answered["role"] == role, "image_key"])
        return keys


@dataclass(frozen=True)
class Average:
    """The mean, and what is known of it.

    Attributes:
        validation: probabilities of the validation photos that all members have in common, cross-fitted.
        questions: of the photos to predict, shape (photos, values).
        validation_keys: of these photos.
        question_keys: likewise.
        temperature: that makes the mean honest.
        threshold: least confidence of an answer; None if no confidence is enough.
        table: a row per member, and the mean's, see ``schemas.ScoreTable``.
        test: scores of all on photos to predict whose labels are known; empty if there are none.
    """

    validation: NDArray[np.float64]
    questions: NDArray[np.float64]
    validation_keys: pd.Index
    question_keys: pd.Index
    temperature: float
    threshold: float | None
    table: pd.DataFrame
    test: dict[str, dict[str, float]]


def average(members: Sequence[Member], candidate: str, precision: float, num_resamples: int) -> Average:
    """The mean of the members' probabilities, made honest by a temperature of its own.

    It is scored on validation photos that all members have in common. Members of different folds have none: each was
    trained on photos that validate another; then they are scored on their own ones, and the mean is not.

    Args:
        members: of one category.
        candidate: of each that counts; ``auto`` is the one that it submits.
        precision: that answers are wanted to have.
        num_resamples: for the intervals of scores.

    Raises:
        DataError: the members do not fit together.
        UsageError: there is no such candidate, or there are fewer than two members.
    """
    _check(members)
    joined = _Joined(members, candidate)
    validation, questions = (_mean(joined.candidates(role)) for role in ("validation", "to predict"))
    label_strings, halves, seen_values = joined.label_strings, joined.halves, joined.seen_values
    honest, temperature = validation, 1.0
    if len(label_strings):
        honest, temperature = (
            cross_fit(validation, label_strings, halves, seen_values),
            fit_temperature(validation, label_strings, seen_values),
        )
    answers = apply_temperature(questions, temperature, seen_values)
    return Average(
        validation=honest,
        questions=answers,
        validation_keys=joined.keys("validation"),
        question_keys=joined.keys("to predict"),
        temperature=temperature,
        threshold=fit_threshold(honest, label_strings, precision) if len(label_strings) else None,
        table=joined.score(honest, num_resamples),
        test=joined.score_test(answers),
    )


class _Joined:
    """Members beside each other."""

    def __init__(self, members: Sequence[Member], candidate: str) -> None:
        self._members = {_title(number, member, candidate): member for number, member in enumerate(members, start=1)}
        self._candidate = candidate
        about = members[0].about
        self._values = about.values
        self._ordered = ordered_values(about.category, about.values)
        self._subsets = members[0].subsets
        self._photos = self._subsets.table.set_index("image_key")

    def keys(self, role: str) -> pd.Index:
        """Photos that all have in a role."""
        first, *others = (member.keys(role) for member in self._members.values())
        for other in others:
            first = first[first.isin(other)]
        return first

    def candidates(self, role: str) -> ByCandidate:
        """Each member's probabilities of these photos."""
        keys = self.keys(role)
        return {title: self._answers(member, keys) for title, member in self._members.items()}

    @cached_property
    def label_strings(self) -> LabelStrings:
        return self._label_strings_of(self.keys("validation"))

    @property
    def halves(self) -> NDArray[np.intp]:
        halves: NDArray[np.intp] = self._photos.loc[self.keys("validation"), "half"].to_numpy(dtype=np.intp)
        return halves

    @property
    def seen_values(self) -> NDArray[np.intp]:
        indices: NDArray[np.intp] = np.flatnonzero((self._subsets.all_label_strings == "y").any(axis=0))
        return indices

    def score(self, mean: NDArray[np.float64], num_resamples: int) -> pd.DataFrame:
        """On the photos that all have in common; without any, of each member on its own."""
        if len(self.label_strings):
            candidates = {**self.candidates("validation"), ENSEMBLE: mean}
            return self._score_table(candidates, self.keys("validation"), num_resamples)
        tables = []
        for title, member in self._members.items():
            keys = member.keys("validation")
            tables.append(self._score_table({title: self._answers(member, keys)}, keys, num_resamples))
        return pd.concat(tables, ignore_index=True)

    def score_test(self, mean: NDArray[np.float64]) -> dict[str, dict[str, float]]:
        keys = self.keys("to predict")
        known = (self._photos.loc[keys, "label_string"] != "").to_numpy()
        if not known.any():
            return {}
        label_strings = self._label_strings_of(keys[known])
        candidates = {**self.candidates("to predict"), ENSEMBLE: mean}
        return {title: official.scores(answers[known], label_strings) for title, answers in candidates.items()}

    def _score_table(self, candidates: ByCandidate, keys: pd.Index, num_resamples: int) -> pd.DataFrame:
        groups = self._photos.loc[keys, "group"].to_numpy()
        return score_table(candidates, self._label_strings_of(keys), groups, self._ordered, num_resamples)

    def _answers(self, member: Member, keys: pd.Index) -> NDArray[np.float64]:
        return probabilities_of(member.probabilities, member.candidate(self._candidate), list(keys))

    def _label_strings_of(self, keys: pd.Index) -> LabelStrings:
        label_strings = parse_label_strings(self._photos.loc[keys, "label_string"].tolist())
        return label_strings.reshape(-1, len(self._values))  # of no photos, too


def _title(number: int, member: Member, candidate: str) -> str:
    return f"{number} {member.candidate(candidate)}"


def _mean(candidates: ByCandidate) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.mean(list(candidates.values()), axis=0)
    return mean


def _check(members: Sequence[Member]) -> None:
    if len(members) < 2:
        raise UsageError(
            f"there is only {members[0].name!r}; a mean takes two members" if members else "members is empty; name "
            "folders that runs have written to, or ids of MLflow runs, with --params 'members=FOLDER FOLDER'"
        )  # fmt: skip
    first = members[0]
    for other in members[1:]:
        pair = f"{first.name} and {other.name} do not fit together"
        for what, one, two in (
            ("category", first.about.category, other.about.category),
            ("values", list(first.about.values), list(other.about.values)),
        ):
            if one != two:
                raise DataError(f"{pair}: {what} {one} and {two}; name runs of the same photos")
        asked, also_asked = set(first.keys("to predict")), set(other.keys("to predict"))
        stray = sorted(asked ^ also_asked)
        if stray:
            raise DataError(
                f"{pair}: {len(stray)} photos to predict are answered by one of them only, for example {stray[0]}; "
                "name runs of the same photos"
            )
        labels = first.subsets.table.merge(other.subsets.table, on="image_key")
        changed = labels[labels["label_string_x"] != labels["label_string_y"]]
        if len(changed):
            key, one, two = changed[["image_key", "label_string_x", "label_string_y"]].iloc[0]
            raise DataError(f"{pair}: {key} is labelled {one!r} and {two!r}; name runs with the same labels")


def as_json(average: Average, members: Sequence[Member]) -> dict[str, Any]:
    """Scores by name, as ``scores.json`` has them, and which members there were."""
    rows = average.table.set_index("candidate").to_dict(orient="index")
    return {
        **{str(title): scores for title, scores in rows.items()},
        "members": {str(number): member.name for number, member in enumerate(members, start=1)},
        "temperature": average.temperature,
        "threshold": average.threshold,
        "photos": len(average.validation_keys),
        "test": average.test,
    }
