"""A trained category as an MLflow model: photos in, answers out. MLflow runs this file; nothing imports it."""

import base64
import binascii
import re
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from apparel_eye.prediction.models import load_models
from apparel_eye.prediction.recognizer import Recognizer
from apparel_eye.prediction.tag import tag_bytes

_PROBABILITY = "probability of "
_SPACES = re.compile(r"\s+")  # the base64 command breaks its lines
_NOT_BASE64 = {"problem": "photo is not base64 of a file's bytes"}


class ServedRecognizer(PythonModel):
    """Answers for photos in a request; a path or an address is never opened."""

    def load_context(self, context: Any) -> None:
        """Load the models that were registered, checked against their seals, and answer once: the first takes long."""
        self._recognizer: Recognizer = load_models(Path(context.artifacts["models"]))
        nothing = [np.zeros((1, *size, 3), dtype=np.uint8) for size in self._recognizer.sizes]
        self._recognizer.predict(nothing, np.zeros(1, dtype=np.uint64))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> list[Any]:
        """An object per row: name, the columns of ``schemas.Predictions``, probabilities by value.

        Args:
            context: as ``load_context`` had it.
            model_input: the column ``photo``, a file's bytes as base64, and maybe ``name``, which is given back.
            params: none are known.
        """
        names = model_input["name"] if "name" in model_input else [""] * len(model_input)
        decoded = [_decoded(text) for text in model_input["photo"]]
        rows = tag_bytes([("photo", data or b"") for data in decoded], self._recognizer).to_dict(orient="records")
        return [
            {"name": name if isinstance(name, str) else "", **_answer(row if data is not None else row | _NOT_BASE64)}
            for name, data, row in zip(names, decoded, rows, strict=True)
        ]


def _decoded(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        return base64.b64decode(_SPACES.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return None


def _answer(row: dict[Any, Any]) -> dict[str, Any]:
    """As JSON has it: null where a row that was not read has no text and no number."""
    probabilities = {key.removeprefix(_PROBABILITY): row[key] for key in row if key.startswith(_PROBABILITY)}
    others = {key: row[key] for key in row if key != "photo" and not key.startswith(_PROBABILITY)}
    told = {key: None if cell == "" or pd.isna(cell) else cell for key, cell in others.items()}
    return {**told, "problem": row["problem"], "probabilities": None if row["problem"] else probabilities}


mlflow.models.set_model(ServedRecognizer())
