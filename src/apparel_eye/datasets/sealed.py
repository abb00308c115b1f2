"""What every file that the project writes has in common."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, TypeVar

from kedro.io import AbstractDataset
from kedro.io.core import DatasetError

from apparel_eye.datasets import seal
from apparel_eye.datasets.storage import wrapped_errors

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class SealedDataset(AbstractDataset[Saved, Loaded]):
    """A file that is checked against its seal before it is read.

    Args:
        filepath: where the file stands.
        metadata: for hooks and Kedro-Viz.

    Attributes:
        handed_in: whether people take the file away as it is, so that a run that finds it finished checks it, too.
    """

    handed_in: bool = False

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self.path = Path(filepath).expanduser()
        self.metadata = metadata

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that it may write, without their seals."""
        return (self.path,)

    def load(self) -> Loaded:
        if not self.path.exists():
            raise DatasetError(f"{self.path} does not exist; run the pipeline that makes it")
        with wrapped_errors(self.path, "read"):
            seal.check(self.path)
            return self._read()

    @abstractmethod
    def _read(self) -> Loaded: ...

    def _exists(self) -> bool:
        return self.path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self.path.as_posix()}


class ResumableDataset(SealedDataset[Saved, Loaded]):
    """A file that a node writes in steps, and goes on with after it was stopped, see ``resume``.

    Attributes:
        on_change: the parameter that gives up what was begun with other settings; none: nobody goes on with it.
    """

    on_change: str = ""

    @abstractmethod
    def earlier(self) -> Any:
        """What the node may go on from."""

    @abstractmethod
    def is_unfinished(self) -> bool:
        """Whether there is something that the node could go on from."""

    @abstractmethod
    def forget(self) -> None:
        """Remove what the node could go on from; a finished file stays."""

    def is_complete(self) -> bool:
        """Whether a finished file stands there, undamaged."""
        return self.path.exists() and seal.sha256_of(self.path) in seal.checksums_of(self.path)


class EarlierDataset(AbstractDataset[None, Any]):
    """What an earlier run left in a file, for the node that writes the file and goes on from there.

    Args:
        dataset: the definition of the ``ResumableDataset`` that the node writes.
        metadata: for Kedro-Viz.
    """

    def __init__(self, dataset: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        self.written: Any = AbstractDataset.from_config("what the node writes", dataset)
        self.metadata = metadata

    def load(self) -> Any:
        return self.written.earlier()

    def fingerprint(self) -> str:
        """Constant: where a run goes on from does not change what comes out."""
        return "as before"

    def save(self, data: None) -> None:
        raise TypeError(f"{self.written.path} is only read here; the node that goes on with it writes it")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self.written.path.as_posix()}
