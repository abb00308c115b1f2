"""Weights from the hub, checked against its checksum; where it cannot be reached, that is told within seconds."""

import hashlib
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import (
    HfFileMetadata,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.file_download import repo_folder_name

from apparel_eye.errors import SystemEnvironmentError, UsageError
from apparel_eye.networks.backbones import configuration

_FILE = "model.safetensors"
_REVISION = "main"
_TIMEOUT = 4.0  # seconds
_SHA256 = re.compile("[0-9a-f]{64}")


def fetch(name: str) -> Path:
    """The file with the weights of a backbone, from the hub or from its cache on this machine.

    Raises:
        UsageError: the hub has none in a format that cannot run code.
        SystemEnvironmentError: the hub cannot be reached, or what came is not its file.
    """
    repository = _repository(name)
    if path := cached(name):
        _check_sum(path, path.resolve().name, repository)  # a file in the cache is named by its checksum
        return path
    try:
        metadata = _ask(repository)
        path = Path(hf_hub_download(repository, _FILE, revision=metadata.commit_hash, etag_timeout=_TIMEOUT))
    except Exception as error:  # whatever the hub's client fails with, the ways out are the same
        raise _not_had(name, repository, error) from error
    _check_sum(path, metadata.etag or "", repository)
    return path


def cached(name: str) -> Path | None:
    """The file in the hub's cache on this machine, if it is there; its checksum is another matter."""
    repository = _repository(name)
    for revision in _REVISION, *_commits(repository):
        found = try_to_load_from_cache(repository, _FILE, revision=revision)
        if isinstance(found, str):
            return Path(found)
    return None


def _commits(repository: str) -> list[str]:
    """Of which files are in the cache; what ``fetch`` asks for by its commit is there under no other name."""
    folder = Path(HF_HUB_CACHE, repo_folder_name(repo_id=repository, repo_type="model"), "snapshots")
    return sorted(path.name for path in folder.glob("*"))


def check_reachable(name: str) -> None:
    """Ask the hub for a backbone's file without fetching it.

    Raises:
        SystemEnvironmentError: it cannot be reached, or what answers is not the hub.
    """
    repository = _repository(name)
    try:
        _ask(repository)
    except Exception as error:
        raise _not_had(name, repository, error) from error


def _repository(name: str) -> str:
    repository: str | None = configuration(name).hf_hub_id
    if not repository:
        raise UsageError(
            f"the hub has no weights of {name}; choose another train.backbone, or name a file with "
            "--params train.pretrained=FILE.safetensors"
        )
    return repository


def _ask(repository: str) -> HfFileMetadata:
    metadata = _within(_TIMEOUT, lambda: get_hf_file_metadata(hf_hub_url(repository, _FILE), timeout=_TIMEOUT))
    _check_origin(metadata)
    return metadata


def _not_had(name: str, repository: str, error: Exception) -> SystemEnvironmentError:
    return SystemEnvironmentError(
        f"the weights of {name} cannot be had from the hub: {_in_short(error)}; {_ways_out(repository)}"
    )


def _within(seconds: float, ask: Callable[[], HfFileMetadata]) -> HfFileMetadata:
    """An answer in time; a name server that keeps silent is waited for by the system, whatever the client's timeout."""
    answer: Future[HfFileMetadata] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)

    Thread(target=run, daemon=True).start()
    return answer.result(timeout=seconds)


def _check_origin(metadata: HfFileMetadata) -> None:
    if not metadata.commit_hash or not metadata.etag:
        raise ValueError("hash mismatch, what answers gives no checksum, as a proxy's page does")


def _check_sum(path: Path, expected: str, repository: str) -> None:
    """Remove a file that is not what the hub says; small files, which it names otherwise, are not checked."""
    if not _SHA256.fullmatch(expected):
        return
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise SystemEnvironmentError(
            f"hash mismatch: {path} has the SHA-256 {found[:12]}..., the hub's has {expected[:12]}...; it was removed, "
            f"run again; or {_ways_out(repository)}"
        )


def _in_short(error: Exception) -> str:
    words: Any = str(error).strip().splitlines()
    return f"{type(error).__name__}{f' ({words[0]})' if words else ''}"


def _ways_out(repository: str) -> str:
    url = urlsplit(hf_hub_url(repository, _FILE))
    return (
        f"on a machine that reaches {url.path} run `hf download {repository} {_FILE} --local-dir weights`, bring the "
        f"folder here and run with --params train.pretrained=weights/{_FILE}; or run with --env=cpu, which brings "
        "weights of its own"
    )
