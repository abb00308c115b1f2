"""The wrapper for every written entry whose format is another library's."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro.io.core import parse_dataset_definition

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import SealedDataset


class AtomicDataset(SealedDataset[Any, Any]):
    """Any dataset of a single file, written whole or not at all, and checked when it is read.

    Args:
        filepath: where the file stands.
        dataset: the wrapped dataset's definition, without its ``filepath``.
        handed_in: as of ``SealedDataset``.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(
        self, filepath: str, dataset: dict[str, Any], handed_in: bool = False, metadata: dict[str, Any] | None = None
    ) -> None:
        super().__init__(filepath, metadata)
        self.handed_in = handed_in
        self._class, self._settings = parse_dataset_definition(dataset)
        wrapped = self._at(self.path)
        if hasattr(wrapped, "preview"):
            self.preview = wrapped.preview

    def save(self, data: Any) -> None:
        seal.write(self.path, lambda temporary: self._at(temporary).save(data))

    def _read(self) -> Any:
        return self._at(self.path).load()

    def _at(self, path: Path) -> AbstractDataset[Any, Any]:
        dataset: AbstractDataset[Any, Any] = self._class(filepath=path.as_posix(), **self._settings)  # type: ignore[call-arg]
        return dataset

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "dataset": self._class.__name__}
