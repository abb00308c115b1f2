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


class ServedRecognizer(PythonModel):
    """Answers for photos in a request; a path or an address is never opened."""

    def load_context(self, context: Any) -> None:
        """Load the models that were registered, checked against their seals, and answer once: the first takes long."""
        self._recognizer: Recognizer = load_models(Path(context.artifacts["models"]))
        nothing = [np.zeros((1, *size, 3), dtype=np.uint8) for size in self._recognizer.sizes]
        self._recognizer.predict(nothing, np.zeros(1, dtype=np.uint64))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> list[Any]:
        """An object per row: name, value, confidence, answered, problem, model, probabilities by value.

        Args:
            context: as ``load_context`` had it.
            model_input: the column ``photo``, a file's bytes as base64, and maybe ``name``, which is given back.
            params: none are known.
        """
        names = model_input["name"] if "name" in model_input else [""] * len(model_input)
        decoded = [_decoded(text) for text in model_input["photo"]]
        given = [("photo", data) for data in decoded if data is not None]
        answers = iter(_answer(row) for row in tag_bytes(given, self._recognizer).to_dict(orient="records"))
        unreadable = {
            "value": None, "confidence": None, "answered": False, "problem": "photo is not base64 of a file's bytes",
            "model": self._recognizer.version, "probabilities": None,
        }  # fmt: skip
        return [
            {"name": name if isinstance(name, str) else "", **(unreadable if data is None else next(answers))}
            for name, data in zip(names, decoded, strict=True)
        ]


def _decoded(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        return base64.b64decode(_SPACES.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return None


def _answer(row: dict[Any, Any]) -> dict[str, Any]:
    """As JSON has it: null instead of a number that is none."""
    is_read = not row["problem"]
    probabilities = {key.removeprefix(_PROBABILITY): row[key] for key in row if key.startswith(_PROBABILITY)}
    return {
        "value": row["value"] if is_read else None,
        "confidence": row["confidence"] if is_read else None,
        "answered": bool(row["answered"]),
        "problem": row["problem"],
        "model": row["model"],
        "probabilities": probabilities if is_read else None,
    }


mlflow.models.set_model(ServedRecognizer())
