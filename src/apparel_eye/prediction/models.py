"""Trained categories on disk: what the models of a data folder are, and how to get them ready for photos."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from apparel_eye.datasets import CheckpointDataset, WeightsDataset, seal
from apparel_eye.errors import DataError, UsageError, nearest
from apparel_eye.parameters import STAGES
from apparel_eye.prediction.parts import Models
from apparel_eye.prediction.recognizer import About, Recognizer

RECOGNIZER = "recognizer.json"
_NETWORK, _ACTIVATIONS = f"{STAGES[-1]}.safetensors", "activation_networks.safetensors"
_HEADS = {
    "xgboost": "xgboost.json",
    "bags": "bags.json",
    "logistic": "logistic.safetensors",
    "perceptron": "perceptron.safetensors",
}
FILES = (RECOGNIZER, _NETWORK, _ACTIVATIONS, *_HEADS.values())
"""Below ``06_models/<category>/``, all that predicting needs."""


def trained_categories(data: Path) -> list[str]:
    """Categories below a data folder that have been trained to the end, by name."""
    return sorted(path.parent.name for path in data.glob(f"06_models/*/{RECOGNIZER}"))


def choose_categories(data: Path, wanted: str | Iterable[str] | None = None) -> list[str]:
    """Categories that are wanted, each once, or all that have been trained to the end.

    Raises:
        UsageError: one of them has not been trained to the end, but others have.
        DataError: none has.
    """
    known = trained_categories(data)
    if not known:
        raise DataError(
            f"no category was trained to the end below {data.absolute()}; train one with kedro run --params "
            "category=NAME, or name another data folder"
        )
    names = known if wanted is None else list(dict.fromkeys([wanted] if isinstance(wanted, str) else wanted))
    for name in names or [""]:
        if name not in known:
            raise UsageError(
                f"category {name!r} was not trained to the end below {data.absolute()}; {nearest(name, known)}"
            )
    return names


def load_category(data: Path, category: str, candidate: str = "") -> Recognizer:
    """A category's recognizer, its files checked against their seals.

    Args:
        data: folder below which runs write.
        category: that was trained.
        candidate: that answers; if empty, the one that was best on validation photos.

    Raises:
        UsageError: the category was not trained to the end, or there is no such candidate.
        DataError: no category was, or a file is damaged.
    """
    choose_categories(data, category)
    return load_models(data / "06_models" / category, candidate)


def load_models(folder: Path, candidate: str = "") -> Recognizer:
    """The same of a folder that holds ``FILES`` and their seals."""
    about = About.model_validate_json(_text(folder / RECOGNIZER))
    heads = {name: _head(folder / file) for name, file in _HEADS.items()}
    checkpoint = CheckpointDataset(str(folder / _NETWORK)).load()
    return Recognizer(about, Models(checkpoint, _weights(folder / _ACTIVATIONS), heads), candidate)


def _head(path: Path) -> Any:
    return _text(path) if path.suffix == ".json" else _weights(path)


def _text(path: Path) -> str:
    seal.check(path)
    return path.read_text(encoding="utf-8")


def _weights(path: Path) -> dict[str, NDArray[Any]]:
    return WeightsDataset(str(path)).load()
