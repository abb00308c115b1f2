"""Which models belong together: a recognizer knows the checksums of its parts and refuses those of another training."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from apparel_eye.errors import DataError
from apparel_eye.networks.checkpoint import Checkpoint, Weights

NETWORK_PART, ACTIVATIONS_PART = "network", "activation_networks"


@dataclass(frozen=True)
class Models:
    """What a category's runs have fitted.

    Attributes:
        network: of the last stage.
        networks: of which the activations are: ``<number>/<name>``.
        heads: on activations, by candidate: boosters as JSON, others as weights.
    """

    network: Checkpoint
    networks: Weights
    heads: Mapping[str, Any]

    def of_heads(self, names: Iterable[str]) -> "Models":
        """The same without heads of other trainings, which may lie beside them."""
        return replace(self, heads={name: self.heads[name] for name in names if name in self.heads})


def checksums_of(models: Models, parts: Iterable[str] | None = None) -> dict[str, str]:
    """SHA-256 of what decides on answers, by part: the network, the networks of activations, each head.

    Args:
        models: fitted.
        parts: those that are asked for; all, if left out.
    """
    wanted = (NETWORK_PART, ACTIVATIONS_PART, *models.heads) if parts is None else parts
    return {part: _checksum_of(_part(models, part)) for part in wanted}


def check_parts(models: Models, known: Mapping[str, str], category: str, parts: Iterable[str] | None = None) -> None:
    """Refuse models that were fitted after or before the recognizer that uses them.

    Args:
        models: as they were loaded.
        known: checksums that the recognizer was written with; none, where an earlier version wrote it.
        category: what they recognize.
        parts: those that are used; all, if left out.

    Raises:
        DataError: some are not there, or of another training.
    """
    lacking = set(parts or ()) - {NETWORK_PART, ACTIVATIONS_PART, *models.heads}
    if lacking:
        raise DataError(
            f"models of {category} that its recognizer.json names do not exist: {', '.join(sorted(lacking))}; make "
            f"them again: kedro run --params category={category}"
        )
    found = checksums_of(models, parts) if known else {}
    others = [part for part, checksum in found.items() if known.get(part) != checksum]
    if others:
        raise DataError(
            f"the models of {category} are of two trainings: recognizer.json was written with others than "
            f"{', '.join(others)}; finish the new ones, with the parameters that they were begun with: "
            f"kedro run --params category={category}"
        )


def _part(models: Models, part: str) -> str | Mapping[str, Any]:
    if part == NETWORK_PART:
        description = json.dumps(dict(models.network.description), sort_keys=True)
        return {**models.network.of("best"), "": np.frombuffer(description.encode(), dtype=np.uint8)}
    if part == ACTIVATIONS_PART:
        return models.networks
    model: str | Mapping[str, Any] = models.heads[part]
    return model


def _checksum_of(part: str | Mapping[str, Any]) -> str:
    if isinstance(part, str):
        return hashlib.sha256(part.encode()).hexdigest()
    digest = hashlib.sha256()
    for name, value in sorted(part.items()):
        array = np.ascontiguousarray(value)
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
