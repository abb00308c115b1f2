"""From probabilities to scores and what is told of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apparel_eye.attributes import is_length, ordered_values
from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics import official
from apparel_eye.metrics.calibration import score_abstention
from apparel_eye.metrics.label_noise import rank_labels
from apparel_eye.networks.checkpoint import Checkpoint, Weights
from apparel_eye.parameters import (
    ActivationsParameters,
    Augmentation,
    BoostParameters,
    InferParameters,
    PhotoParameters,
    ResizeMode,
)
from apparel_eye.parameters.candidates import BLEND
from apparel_eye.selection.calibrated import calibrate
from apparel_eye.selection.candidates import choose, score_choice, score_table, seen_values_of
from apparel_eye.selection.tables import candidates_of, probability_table


def calibrate_candidates(
    subsets: Subsets,
    blend: Sequence[str],
    precision: float,
    refit: bool,
    *tables: pd.DataFrame,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The candidates of all models in one table, as honest as validation photos can make them, and what was done."""
    joined = pd.concat(tables, ignore_index=True)
    validation, to_predict = (candidates_of(joined, subsets, rows) for rows in (subsets.validation, subsets.to_predict))
    calibrated = dict(calibrate(validation, to_predict, subsets, blend, precision, refit))
    rows = [probability_table(name, subsets, found.validation, found.to_predict) for name, found in calibrated.items()]
    return pd.concat(rows, ignore_index=True), {name: found.about for name, found in calibrated.items()}


def score_candidates(
    probabilities: pd.DataFrame,
    subsets: Subsets,
    category: str,
    candidate: str,
    precision: float,
    num_resamples: int,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Scores of each candidate on validation photos, of choosing among them, and of the chosen one on a given test."""
    candidates = candidates_of(probabilities, subsets, subsets.validation)
    groups = subsets.groups[subsets.validation]
    ordered = ordered_values(category, subsets.values)
    table = score_table(candidates, subsets.validation_label_strings, groups, ordered, num_resamples)
    chosen = choose(candidates, subsets.validation_label_strings, candidate)
    of_choice = score_choice(candidates, subsets.validation_label_strings, subsets.validation_halves, candidate)
    by_candidate: Any = table.set_index("candidate").drop(columns="photos").to_dict(orient="index")
    abstaining = score_abstention(
        candidates[chosen], subsets.validation_label_strings, subsets.validation_halves, precision
    )
    submission = {"candidate": chosen, **of_choice, **{f"answered_{name}": score for name, score in abstaining.items()}}
    scores = {**by_candidate, "submission": submission, "photos": len(subsets.validation)}
    if len(subsets.answered):
        answers = candidates_of(probabilities, subsets, subsets.answered)[chosen]
        scores["test"] = {**official.scores(answers, subsets.answered_label_strings), "photos": len(subsets.answered)}
    return scores, table


def doubt_labels(
    probabilities: pd.DataFrame,
    scores: dict[str, Any],
    subsets: Subsets,
) -> pd.DataFrame:
    """Validation photos whose label the submitted candidate doubts, the most doubtful first."""
    answers = candidates_of(probabilities, subsets, subsets.validation)[scores["submission"]["candidate"]]
    keys, truth = subsets.keys_of(subsets.validation), official.true_values(subsets.validation_label_strings)
    return rank_labels(keys, truth, answers, subsets.values)


def describe_recognizer(
    calibration: dict[str, Any],
    scores: dict[str, Any],
    subsets: Subsets,
    modes: dict[str, dict[str, str]],
    checkpoint: Checkpoint,
    activation_networks: Weights,
    pixels: NDArray[np.uint8],
    limits: PhotoParameters,
    infer: InferParameters,
    augmentation: Augmentation,
    resize: ResizeMode,
    backbone: str,
    activations: ActivationsParameters,
    boost: BoostParameters,
    precision: float,
    refit: bool,
    category: str,
    **heads: str | Weights,
) -> dict[str, Any]:
    """How the models are used to predict other photos, see ``recognizer.About``."""
    from apparel_eye.prediction.parts import Models, checksums_of
    from apparel_eye.prediction.recognizer import About, Candidate, Mixture, extraction_of

    about = About(
        category=category,
        values=tuple(subsets.values),
        candidate=scores["submission"]["candidate"],
        candidates={
            candidate: Candidate(temperature=found["temperature"], threshold=found["threshold"])
            for candidate, found in calibration.items()
        },
        blend=Mixture(**{name: calibration[BLEND][name] for name in ("temperatures", "weights")}),
        precision=precision,
        infer=infer,
        augmentation=augmentation.for_category(is_length(category)),
        limits=limits,
        resize=resize,
        backbone=backbone,
        activations=extraction_of(activations, (pixels.shape[1], pixels.shape[2])),
        pooling=boost.pooling,
        features={name: getattr(boost, name).features for name in heads},
        seen_values=tuple(seen_values_of(BLEND, subsets, refit).tolist()),
        modes=modes,
        parts=checksums_of(Models(checkpoint, activation_networks, heads)),
    )
    return about.model_dump(mode="json")


def make_model_card(
    scores: dict[str, Any],
    subsets: Subsets,
    manifest: pd.DataFrame,
    backbone: str,
    pretrained: str,
    precision: float,
    category: str,
) -> str:
    """What people should know before they rely on the models."""
    from apparel_eye.networks.licenses import describe_weights
    from apparel_eye.reports.model_card import Facts, versions_here, write_card

    sides = (subsets.train_targets, official.true_values(subsets.validation_label_strings))
    counts = [np.bincount(side, minlength=len(subsets.values)).tolist() for side in sides]
    labelled = manifest.iloc[subsets.labelled]
    facts = Facts(
        category=category,
        values=subsets.values,
        counts=list(zip(*counts, strict=True)),
        num_groups=labelled["group"].nunique(),
        domains={str(name): int(number) for name, number in labelled["domain"].value_counts().items() if name},
        scores=scores,
        precision=precision,
        backbone=backbone,
        weights=describe_weights(backbone, pretrained),
        versions=versions_here(),
    )
    return write_card(facts)
