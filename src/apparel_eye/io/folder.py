"""The raw folder: what lies in it, and its photos by key."""

import hashlib
import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from apparel_eye.raw_folder import RawFolder, list_files


class RawFolderDataset(AbstractDataset[None, RawFolder]):
    """The raw folder with the list of its files; it changes when a file is added, removed or written to.

    Args:
        path: the folder.
        parameter: what names it on the command line.
        metadata: for Kedro-Viz.
    """

    def __init__(self, path: str, parameter: str = "raw", metadata: dict[str, Any] | None = None) -> None:
        self.path = Path(os.path.expandvars(path)).expanduser()
        self.parameter = parameter
        self.metadata = metadata

    def load(self) -> RawFolder:
        return RawFolder(self.path, list_files(self.path, self.parameter))

    def fingerprint(self) -> str:
        """Changes with the path, size or modification time of any file."""
        lines = "\n".join(f"{file.key}\0{file.size}\0{file.modified}" for file in list_files(self.path, self.parameter))
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

    def save(self, data: None) -> None:
        raise TypeError("the raw folder is only read")

    def _describe(self) -> dict[str, Any]:
        return {"path": self.path.as_posix()}


class PhotoFolderDataset(RawFolderDataset):
    """The same folder for nodes that read the photos of a manifest.

    Its fingerprint is constant: the manifest holds the checksum of each photo, and readers compare it.
    """

    def load(self) -> RawFolder:
        return RawFolder(self.path, ())

    def fingerprint(self) -> str:
        """The manifest tells what the photos are."""
        return "as in the manifest"
