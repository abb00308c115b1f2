from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.errors import SchemaError, SchemaErrors

from apparel_eye import schemas

SHA = "0" * 64
GOOD: dict[str, dict[str, list[Any]]] = {
    "Manifest": {
        "image_key": ["a/1.jpg", "a/2.jpg"],
        "category": ["a", "a"],
        "value": ["x", ""],
        "label_string": ["nym", ""],
        "role": ["labelled", "to predict"],
        "split": ["", "test"],
        "group": ["0", "0"],
        "domain": ["worn", ""],
        "width": [16, 16],
        "height": [16, 16],
        "sha256": [SHA, SHA],
        "fixes": ["orientation, cmyk", ""],
    },
    "Quarantine": {
        "image_key": ["a/1.jpg", "a/1.jpg"],
        "value": ["x", ""],
        "role": ["labelled", "to predict"],
        "reason": ["missing", "damaged"],
        "message": ["there is no such file", ""],
        "sha256": ["", SHA],
    },
    "ActivationsIndex": {"image_key": ["a/1.jpg", "a/2.jpg"], "sha256": [SHA, SHA]},
    "Subsets": {
        "image_key": ["1", "2", "3"],
        "value": pd.Categorical(["y", "x", None], categories=["x", "y", "z"]),
        "label_string": ["nyn", "ymn", ""],
        "group": ["1", "1", "3"],
        "sha256": [SHA] * 3,
        "fold": [0, 1, -1],
        "subset": ["validation", "train", "to predict"],
        "half": [1, -1, -1],
    },
    "Questions": {"image_key": ["1", "1"]},
    "PhotoList": {
        "image_key": ["a/1.jpg", "a/2.jpg"],
        "value": ["x", ""],
        "label_string": ["nym", ""],
        "role": ["labelled", "to predict"],
        "position": [0, 0],
        "split": ["", "test"],
        "group": ["coat 7", ""],
        "domain": ["worn", ""],
        "size": [16, 0],
        "modified": [1, 1],
        "problem": ["", "missing"],
    },
    "Duplicates": {
        "kind": ["identical", "near"],
        "similarity": [1.0, 0.7],
        "orientation": ["upright", "mirrored"],
        **{f"{side}_{of}": ["", "x"] for side in ("first", "second") for of in ("image_key", "value", "role", "split")},
    },
    "Findings": {"finding": ["left out: empty", "a note"], "photos": [2, 0], "for_example": ["a/1.jpg", ""]},
    "DoubtedLabels": {
        "image_key": ["1", "2"],
        "value": ["x", "x"],
        "probability": [0.1, 0.9],
        "instead": ["y", "y"],
        "its_probability": [0.9, 0.1],
    },
    "Overview": {
        "value": ["x", "y"],
        "labelled": [2, 0],
        "different": [1, 0],
        "with_maybe": [1, 0],
        "quarantined": [0, 1],
        "width": [300, 0],
        "height": [400, 0],
    },
    "Rates": {"step": [1, 2], "learning_rate": [1e-5, 2e-5], "loss": [1.0, 0.9], "smoothed_loss": [1.0, 0.95]},
    "History": {
        "epoch": [1, 1],
        "cycle": [1, 1],
        "steps": [8, 8],
        "learning_rate": [1e-2, 0.0],
        "rate_1": [0.0, 0.0],
        "rate_2": [1e-2, 0.0],
        "accumulation": [1, 4],
        "train_loss": [1.0, 0.9],
        "validation_loss": [1.0, 0.9],
        "basic_precision": [0.5, float("nan")],
        "average_precision": [0.5, float("nan")],
        "accuracy": [0.5, 0.0],
        "seconds": [0.0, 2.5],
        "phase": ["head", "fine_tune"],
        "stage": ["small", "small"],
    },
    "Probabilities": {
        "candidate": ["tta", "plain"],
        "image_key": ["1", "1"],
        "role": ["validation", "validation"],
        "p0": [0.25, 1.0],
        "p1": [0.75, 0.0],
    },
    "Predictions": {
        "photo": ["1.jpg", "2.jpg"],
        "value": ["x", ""],
        "confidence": [0.75, float("nan")],
        "second_value": ["NA", ""],
        "second_confidence": [0.25, float("nan")],
        "answered": [True, False],
        "problem": ["", "missing"],
        "model": ["1", "1"],
        "probability of x": [0.75, float("nan")],
        "probability of NA": [0.25, float("nan")],
    },
    "Submission": {
        "path": ["Images/1.jpg", "Images/1.jpg"],
        "dimension": ["a_labels", "a_labels"],
        "probabilities": ["0.2500000000;0.7500000000", "1.0000000000;0.0000000000"],
    },
    "BagFilters": {
        "filter": [7, 0],
        "importance": [0.75, 0.0],
        "bags": [10, 0],
        "gain": [1.0, 0.0],
        "row": [3, 0],
        "column": [2, 0],
    },
    "ScoreTable": {
        "candidate": ["tta", "plain"],
        "basic_precision": [0.5, float("nan")],
        "average_precision": [0.5, float("nan")],
        "accuracy": [0.5, 0.0],
        "log_loss": [1.0, 2.0],
        "macro_f1": [0.5, 0.0],
        "brier_score": [0.5, 2.0],
        "expected_calibration_error": [0.0, 1.0],
        "area_under_risk_coverage": [0.5, 1.0],
        "calibration_noise": [0.1, 0.0],
        "photos": [2, 2],
    },
}
FAULTS: list[tuple[str, str, list[Any]]] = [
    ("Manifest", "image_key", ["a/1.jpg", "a/1.jpg"]),
    ("Manifest", "label_string", ["nyy", ""]),
    ("Manifest", "label_string", ["nyx", ""]),
    ("Manifest", "role", ["labelled", "unknown"]),
    ("Manifest", "width", [16, 0]),
    ("Manifest", "split", ["", "dev"]),
    ("PhotoList", "image_key", ["a/1.jpg", "a/1.jpg"]),
    ("PhotoList", "size", [-1, 0]),
    ("Duplicates", "kind", ["near", "alike"]),
    ("Duplicates", "similarity", [1.0, 7.0]),
    ("Findings", "photos", [-1, 0]),
    ("DoubtedLabels", "probability", [0.1, 1.1]),
    ("Manifest", "width", [16.0, 16.5]),
    ("Manifest", "sha256", [SHA, "0"]),
    ("Manifest", "more", [1, 2]),
    ("Quarantine", "message", ["", None]),
    ("Subsets", "image_key", ["1", "1", "2"]),
    ("Subsets", "value", ["y", "x", "x"]),
    ("Subsets", "subset", ["validation", "test", "unused"]),
    ("Subsets", "fold", [0, -2, 1]),
    ("Subsets", "half", [1, -2, -1]),
    ("Questions", "image_key", ["1", None]),
    ("Overview", "value", ["x", "x"]),
    ("Overview", "labelled", [2, -1]),
    ("Rates", "step", [0, 1]),
    ("Rates", "learning_rate", [0.0, 1e-5]),
    ("History", "epoch", [0, 1]),
    ("History", "accumulation", [0, 1]),
    ("History", "rate_2", [-1e-2, 0.0]),
    ("History", "rates", [0.0, 0.0]),
    ("History", "phase", ["head", "tail"]),
    ("Probabilities", "p1", [0.7, 0.0]),
    ("Probabilities", "p1", [float("nan"), 0.0]),
    ("Probabilities", "candidate", ["tta", "tta"]),
    ("Probabilities", "p", [0.0, 0.0]),
    ("Predictions", "probability of x", [1.5, 0.0]),
    ("Predictions", "answered", ["True", "False"]),
    ("Predictions", "second_confidence", [1.5, 0.0]),
    ("Predictions", "more", [0.0, 0.0]),
    ("Submission", "probabilities", ["0.25;0.75", "nan;nan"]),
    ("Submission", "probabilities", ["0.25;0.75", "0.25;0.75;"]),
    ("BagFilters", "filter", [7, 7]),
    ("BagFilters", "importance", [1.5, 0.0]),
    ("BagFilters", "gain", [-0.5, 1.0]),
    ("BagFilters", "bags", [-1, 0]),
    ("BagFilters", "row", [0.5, 0.0]),
    ("ScoreTable", "accuracy", [0.5, float("nan")]),
    ("ScoreTable", "candidate", ["tta", "tta"]),
]


PARTS = {"Table", "Epochs", "StageHistory"}
"""Of other tables."""


def test_every_table_has_a_good_one_here() -> None:
    tables = {
        name for name, each in vars(schemas).items() if isinstance(each, type) and issubclass(each, pa.DataFrameModel)
    }
    assert tables - PARTS == set(GOOD)


def validate(schema: str, columns: dict[str, list[Any]]) -> pd.DataFrame:
    table: pd.DataFrame = getattr(schemas, schema).validate(pd.DataFrame(columns))
    return table


@pytest.mark.parametrize("schema", GOOD)
def test_a_good_table_passes_unchanged(schema: str) -> None:
    pd.testing.assert_frame_equal(validate(schema, GOOD[schema]), pd.DataFrame(GOOD[schema]))


NEEDED = [
    (schema, column)
    for schema in GOOD
    for column in GOOD[schema]
    if not column.startswith(("rate_", "probability of "))  # of these there may be more or fewer
]


@pytest.mark.parametrize(("schema", "column"), NEEDED)
def test_a_table_that_lacks_a_column_is_refused(schema: str, column: str) -> None:
    columns = {name: cells for name, cells in GOOD[schema].items() if name != column}
    with pytest.raises((SchemaError, SchemaErrors)):
        validate(schema, columns)


@pytest.mark.parametrize(("schema", "column", "cells"), FAULTS)
def test_a_table_with_one_wrong_column_is_refused(schema: str, column: str, cells: list[Any]) -> None:
    with pytest.raises((SchemaError, SchemaErrors)):
        validate(schema, {**GOOD[schema], column: cells})
