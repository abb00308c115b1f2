"""The wrapper for every written entry whose format is another library's."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro.io.core import parse_dataset_definition

from apparel_eye.datasets import seal
from apparel_eye.datasets.sealed import SealedDataset

FORMATS: dict[str, dict[str, Any]] = {
    ".json": {"type": "json.JSONDataset"},
    ".md": {"type": "text.TextDataset"},
    ".parquet": {"type": "pandas.ParquetDataset"},
    ".png": {"type": "matplotlib.MatplotlibDataset"},
}
"""Which of Kedro's datasets a file of that ending is, where its entry in the catalog does not say another."""


class AtomicDataset(SealedDataset[Any, Any]):
    """Any dataset of a single file, written whole or not at all, and checked when it is read.

    Args:
        filepath: where the file stands.
        dataset: the wrapped dataset's definition, without its ``filepath``; none: see ``FORMATS``.
        handed_in: as of ``SealedDataset``.
        metadata: for hooks and Kedro-Viz.
    """

    def __init__(
        self,
        filepath: str,
        dataset: dict[str, Any] | None = None,
        handed_in: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath, metadata)
        self.handed_in = handed_in
        if dataset is None and self.path.suffix not in FORMATS:
            raise ValueError(f"{self.path} needs a `dataset`; endings that need none are {', '.join(FORMATS)}")
        self._class, self._settings = parse_dataset_definition(dataset or FORMATS[self.path.suffix])
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
