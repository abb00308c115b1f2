"""The raw folder: what lies in it, and its photos by key."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from apparel_eye.data.photo_sources import PhotoSource, open_photos
from apparel_eye.data.raw_folder import RawFile, RawFolder, scan_folder


class RawFolderDataset(AbstractDataset[None, RawFolder]):
    """The raw folder with the list of its files; it changes when a file is added, removed or written to.

    Args:
        path: the folder.
        follow_links: whether links may lead out of it.
        metadata: for Kedro-Viz.
    """

    def __init__(self, path: str, follow_links: bool = False, metadata: dict[str, Any] | None = None) -> None:
        self.path = _expanded(path)
        self.follow_links = follow_links
        self.metadata = metadata

    def load(self) -> RawFolder:
        return scan_folder(self.path, follow_links=self.follow_links)

    def fingerprint(self) -> str:
        """Changes with the path, size, modification time or problem of any file, and with the folders."""
        folder = scan_folder(self.path, follow_links=self.follow_links)
        return _checksum_of(folder.files, folder.folders)

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


class OwnPhotosDataset(AbstractDataset[None, PhotoSource]):
    """A user's own photos, see ``own_photos.open_photos``; they change when one is added, removed or written to.

    Args:
        path: a folder, a photo, a list of paths, or a table.
        column: of the table, with paths.
        follow_links: whether links may lead out of a folder.
        metadata: for Kedro-Viz.
    """

    def __init__(
        self, path: str, column: str = "", follow_links: bool = False, metadata: dict[str, Any] | None = None
    ) -> None:
        self.path = _expanded(path)
        self.column, self.follow_links = column, follow_links
        self.metadata = metadata

    def load(self) -> PhotoSource:
        return open_photos(self.path, self.column, self.follow_links)

    def fingerprint(self) -> str:
        """Changes with the place, and with the path, size, modification time or problem of any photo."""
        return _checksum_of(self.load().files, [str(self.path)])

    def save(self, data: None) -> None:
        raise TypeError("a user's photos are only read")

    def _describe(self) -> dict[str, Any]:
        return {"path": self.path.as_posix()}


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()


def _checksum_of(files: Iterable[RawFile], others: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.key}\0{file.size}\0{file.modified}\0{file.problem}\0\n".encode())
    for other in others:
        digest.update(f"{other}\0\n".encode())
    return digest.hexdigest()
