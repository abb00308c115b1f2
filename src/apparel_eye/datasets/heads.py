"""Fitted heads: JSON or arrays, as the registry of heads says."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from apparel_eye.classifiers.registry import HEADS, Model
from apparel_eye.datasets import seal
from apparel_eye.datasets.atomic import AtomicDataset
from apparel_eye.datasets.sealed import SealedDataset
from apparel_eye.datasets.tensors import WeightsDataset


class HeadDataset(SealedDataset[Any, Model]):
    """A head.

    Args:
        filepath: where its file stands, whose name is the head's, without a suffix.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(f"{filepath}{HEADS[Path(filepath).name].suffix}", metadata)
        text = {"type": "text.TextDataset"}
        is_text = self.path.suffix == ".json"
        self._file = AtomicDataset(str(self.path), text) if is_text else WeightsDataset(str(self.path))

    def save(self, data: Any) -> None:
        self._file.save(data)

    def _read(self) -> Model:
        found: Model = self._file._read()
        return found


class HeadsDataset(AbstractDataset[None, dict[str, Model]]):
    """All heads of a trained category by name: those that took part when it was trained.

    Args:
        folder: where their files stand.
        metadata: for Kedro-Viz.
    """

    def __init__(self, folder: str, metadata: dict[str, Any] | None = None) -> None:
        self._folder = Path(folder).expanduser()
        self.metadata = metadata

    def load(self) -> dict[str, Model]:
        return {name: dataset.load() for name, dataset in self._there().items()}

    def fingerprint(self) -> dict[str, str | None]:
        """Checksums by name."""
        return {name: next(iter(seal.checksums_of(found.path)), None) for name, found in self._there().items()}

    def save(self, data: None) -> None:
        raise TypeError(f"{self._folder} is only read here; the pipeline boost writes heads")

    def _there(self) -> dict[str, HeadDataset]:
        datasets = {name: HeadDataset(str(self._folder / name)) for name in HEADS}
        return {name: dataset for name, dataset in datasets.items() if dataset.path.exists()}

    def _describe(self) -> dict[str, Any]:
        return {"folder": self._folder.as_posix()}
