"""The raw folder: what lies in it, and its photos by key."""

import hashlib
import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from apparel_eye.raw_folder import RawFolder, scan_folder


class RawFolderDataset(AbstractDataset[None, RawFolder]):
    """The raw folder with the list of its files; it changes when a file is added, removed or written to.

    Args:
        path: the folder.
        parameter: what names it on the command line.
        follow_links: whether links may lead out of it.
        metadata: for Kedro-Viz.
    """

    def __init__(
        self, path: str, parameter: str = "raw", follow_links: bool = False, metadata: dict[str, Any] | None = None
    ) -> None:
        self.path = Path(os.path.expandvars(path)).expanduser()
        self.parameter = parameter
        self.follow_links = follow_links
        self.metadata = metadata

    def load(self) -> RawFolder:
        return scan_folder(self.path, self.parameter, self.follow_links)

    def fingerprint(self) -> str:
        """Changes with the path, size, modification time or problem of any file, and with the folders."""
        folder = scan_folder(self.path, self.parameter, self.follow_links)
        digest = hashlib.sha256()
        for file in folder.files:
            digest.update(f"{file.key}\0{file.size}\0{file.modified}\0{file.problem}\0\n".encode())
        for key in folder.folders:
            digest.update(f"{key}\0\n".encode())
        return digest.hexdigest()

    def save(self, data: None) -> None:
        raise TypeError("the raw folder is only read")

    def _describe(self) -> dict[str, Any]:
        return {"path": self.path.as_posix()}


class PhotoFolderDataset(RawFolderDataset):
    """The same folder for nodes that read the photos of a manifest.

    Its fingerprint is constant: the manifest holds the checksum of each photo, and readers compare it.
    """

    def load(self) -> RawFolder:
        return RawFolder(self.path, (), follow_links=self.follow_links)

    def fingerprint(self) -> str:
        """The manifest tells what the photos are."""
        return "as in the manifest"
