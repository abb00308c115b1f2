"""Trained categories on disk: what the models of a data folder are, and how to get them ready for photos."""

from collections.abc import Iterable
from pathlib import Path

from apparel_eye.classifiers.registry import HEADS
from apparel_eye.datasets import CheckpointDataset, HeadDataset, WeightsDataset, seal
from apparel_eye.errors import DataError, UsageError, nearest
from apparel_eye.parameters import STAGES
from apparel_eye.prediction.parts import Models
from apparel_eye.prediction.recognizer import About, Recognizer

RECOGNIZER = "recognizer.json"
_NETWORK, _ACTIVATIONS = f"{STAGES[-1]}.safetensors", "activation_networks.safetensors"


def files_of(heads: Iterable[str]) -> tuple[str, ...]:
    """Below ``06_models/<category>/``, all that predicting needs with some heads."""
    return (RECOGNIZER, _NETWORK, _ACTIVATIONS, *(f"{name}{HEADS[name].suffix}" for name in heads))


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
    """The same of a folder that holds ``files_of`` its heads and their seals."""
    about = About.model_validate_json(_text(folder / RECOGNIZER))
    heads = {name: HeadDataset(str(folder / name)).load() for name in about.features}
    checkpoint = CheckpointDataset(str(folder / _NETWORK)).load()
    networks = WeightsDataset(str(folder / _ACTIVATIONS)).load()
    return Recognizer(about, Models(checkpoint, networks, heads), candidate)


def _text(path: Path) -> str:
    seal.check(path)
    return path.read_text(encoding="utf-8")
