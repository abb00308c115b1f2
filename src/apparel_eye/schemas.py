"""Every table that travels between nodes; the catalog checks them at each load and save."""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

_SHARE: dict[str, Any] = {"in_range": {"min_value": 0, "max_value": 1}}


class Table(pa.DataFrameModel):
    """Exactly these columns, of these types."""

    class Config:
        strict = True
        coerce = False


class PhotoList(Table):
    """One row per labelled photo and per photo to predict, as folders and label files tell."""

    image_key: Series[str] = pa.Field(unique=True)
    value: Series[str]
    label_string: Series[str]
    role: Series[str] = pa.Field(isin=["labelled", "to predict"])
    position: Series[int] = pa.Field(ge=0, description="of a photo to predict in its file")
    split: Series[str] = pa.Field(isin=["", "train", "validation", "test"], description="given by folders")
    group: Series[str] = pa.Field(description="product or person, if the user names it")
    domain: Series[str]
    size: Series[int] = pa.Field(ge=0, description="bytes")
    modified: Series[int] = pa.Field(description="nanoseconds")
    problem: Series[str] = pa.Field(description="why the file must not be read")


class Duplicates(Table):
    """Pairs of copies."""

    kind: Series[str] = pa.Field(isin=["identical", "near"])
    similarity: Series[float] = pa.Field(in_range={"min_value": 0, "max_value": 1.001})
    orientation: Series[str]
    first_image_key: Series[str]
    first_value: Series[str]
    first_role: Series[str]
    first_split: Series[str]
    second_image_key: Series[str]
    second_value: Series[str]
    second_role: Series[str]
    second_split: Series[str]


class Findings(Table):
    """What people should know of a category's photos."""

    finding: Series[str]
    photos: Series[int] = pa.Field(ge=0)
    for_example: Series[str]


class Manifest(Table):
    """One row per photo that can be used."""

    image_key: Series[str] = pa.Field(unique=True)
    category: Series[str]
    value: Series[str]
    label_string: Series[str] = pa.Field(str_matches=r"^[nm]*y?[nm]*$")
    role: Series[str] = pa.Field(isin=["labelled", "to predict"])
    split: Series[str] = pa.Field(isin=["", "train", "validation", "test"])
    group: Series[str] = pa.Field(description="photos that must stay together: the key of the first of them")
    domain: Series[str]
    width: Series[int] = pa.Field(ge=1)
    height: Series[int] = pa.Field(ge=1)
    sha256: Series[str] = pa.Field(str_length={"min_value": 64, "max_value": 64})
    fixes: Series[str] = pa.Field(description="what was converted or is odd, joined by commas")


class Quarantine(Table):
    """One row per photo that was left out, and why."""

    image_key: Series[str]
    value: Series[str]
    role: Series[str]
    reason: Series[str]
    message: Series[str]
    sha256: Series[str]


class Questions(Table):
    """The photos to predict, in the order in which their answers are handed in."""

    image_key: Series[str]


class Overview(Table):
    """Photos per value; sizes are medians in pixels."""

    value: Series[str] = pa.Field(unique=True)
    labelled: Series[int] = pa.Field(ge=0)
    different: Series[int] = pa.Field(ge=0, description="groups")
    with_maybe: Series[int] = pa.Field(ge=0)
    quarantined: Series[int] = pa.Field(ge=0)
    width: Series[int] = pa.Field(ge=0)
    height: Series[int] = pa.Field(ge=0)


class Subsets(Table):
    """Who trains, validates and is to be predicted: one row per photo of the manifest, in its order."""

    image_key: Series[str] = pa.Field(unique=True)
    value: Series[pd.CategoricalDtype] = pa.Field(nullable=True, description="its categories are all values, in order")
    label_string: Series[str] = pa.Field(str_matches=r"^[nm]*y?[nm]*$")
    group: Series[str] = pa.Field(description="as in the manifest")
    sha256: Series[str] = pa.Field(str_length={"min_value": 64, "max_value": 64})
    fold: Series[int] = pa.Field(ge=-1, description="-1 for photos to predict and of values that are left out")
    subset: Series[str] = pa.Field(isin=["train", "validation", "unused", "to predict"])
    half: Series[int] = pa.Field(ge=-1, description="of the validation fold, from 0; -1 for all others")


class ActivationsIndex(Table):
    """The photo of each row of the activations."""

    image_key: Series[str] = pa.Field(unique=True)
    sha256: Series[str] = pa.Field(str_length={"min_value": 64, "max_value": 64})


class Rates(Table):
    """One row per step of a learning-rate sweep; none where the rate was given."""

    step: Series[int] = pa.Field(ge=1)
    learning_rate: Series[float] = pa.Field(gt=0)
    loss: Series[float]
    smoothed_loss: Series[float]


RATES = r"^rate_\d+$"
COUNTS = ("epoch", "cycle", "steps", "accumulation")
"""Columns of the history that are whole numbers."""


class Epochs(Table):
    """One row per epoch of a phase; the best and the last weights are of such an epoch."""

    epoch: Series[int] = pa.Field(ge=1)
    cycle: Series[int] = pa.Field(ge=1)
    steps: Series[int] = pa.Field(ge=1, description="of the epoch")
    learning_rate: Series[float] = pa.Field(ge=0, description="of the head, at the start of the epoch")
    rates: Series[float] = pa.Field(alias=RATES, regex=True, ge=0, description="of each layer group, from the stem on")
    accumulation: Series[int] = pa.Field(ge=1, description="shares in which each batch was computed")
    train_loss: Series[float]
    validation_loss: Series[float]
    basic_precision: Series[float] = pa.Field(nullable=True)
    average_precision: Series[float] = pa.Field(nullable=True)
    accuracy: Series[float] = pa.Field(**_SHARE)
    seconds: Series[float] = pa.Field(ge=0)


class StageHistory(Epochs):
    """The epochs of both phases of a stage."""

    phase: Series[str] = pa.Field(isin=["head", "fine_tune"])


class History(StageHistory):
    """The epochs of all stages."""

    stage: Series[str]


class Probabilities(pa.DataFrameModel):
    """One row per photo and candidate (``plain``, ``tta`` ...), a probability per value: ``p0``, ``p1`` ..."""

    candidate: Series[str]
    image_key: Series[str]
    role: Series[str] = pa.Field(isin=["validation", "to predict"])
    p: Series[float] = pa.Field(alias=r"^p\d+$", regex=True, **_SHARE)

    class Config:
        strict = True
        unique = ["candidate", "image_key"]

    @pa.dataframe_check(error="the probabilities of a row do not sum to 1")
    def rows_sum_to_one(cls, table: pd.DataFrame) -> pd.Series:  # noqa: N805
        """Each row is one distribution."""
        return (table.filter(regex=r"^p\d+$").sum(axis=1) - 1).abs() < 1e-6


class Predictions(Table):
    """A user's own photos: the likeliest values of each, their probabilities, and a column per value."""

    photo: Series[str]
    value: Series[str]
    confidence: Series[float] = pa.Field(**_SHARE, nullable=True)
    second_value: Series[str] = pa.Field(description="the next likeliest; none where there is one value, or no photo")
    second_confidence: Series[float] = pa.Field(**_SHARE, nullable=True)
    answered: Series[bool] = pa.Field(description="whether the confidence is enough for the wanted precision")
    problem: Series[str]
    model: Series[str] = pa.Field(description="version of the models")
    probabilities: Series[float] | None = pa.Field(
        alias=r"^probability of ", regex=True, nullable=True, **_SHARE, description="of each value"
    )


class Submission(Table):
    """The competition's file: a row per question."""

    path: Series[str] = pa.Field(description="as the question file has it")
    dimension: Series[str]
    probabilities: Series[str] = pa.Field(str_matches=r"^[01]\.\d+(;[01]\.\d+)*$", description="of all, in their order")


class BagFilters(Table):
    """What bags make of each filter of the feature maps; shares are of all filters."""

    filter: Series[int] = pa.Field(ge=0, unique=True)
    importance: Series[float] = pa.Field(**_SHARE)
    bags: Series[int] = pa.Field(ge=0, description="in which it is")
    gain: Series[float] = pa.Field(in_range={"min_value": 0, "max_value": 1.000001}, description="of its splits")
    row: Series[int] = pa.Field(ge=0, description="of the place with the largest gain")
    column: Series[int] = pa.Field(ge=0, description="likewise")


class ScoreTable(Table):
    """Scores of each candidate on validation photos."""

    candidate: Series[str] = pa.Field(unique=True)
    basic_precision: Series[float] = pa.Field(nullable=True)
    average_precision: Series[float] = pa.Field(nullable=True)
    accuracy: Series[float]
    log_loss: Series[float]
    within_one_step: Series[float] | None = pa.Field(description="where values are ordered")
    macro_f1: Series[float]
    brier_score: Series[float]
    expected_calibration_error: Series[float]
    area_under_risk_coverage: Series[float]
    calibration_noise: Series[float] = pa.Field(description="calibration error to expect of perfect probabilities")
    limits: Series[float] | None = pa.Field(
        alias=r"^.+_(low|high)$", regex=True, nullable=True, description="of 95 % intervals"
    )
    photos: Series[int]


class DoubtedLabels(Table):
    """Labelled photos, the most doubtful label first."""

    image_key: Series[str] = pa.Field(unique=True)
    value: Series[str] = pa.Field(description="that the photo is labelled with")
    probability: Series[float] = pa.Field(**_SHARE)
    instead: Series[str] = pa.Field(description="the likeliest other value")
    its_probability: Series[float] = pa.Field(**_SHARE)
