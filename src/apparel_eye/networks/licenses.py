"""Licenses of pretrained weights: those that forbid commercial use need a yes."""

import difflib
from pathlib import Path

import timm

from apparel_eye.errors import UsageError
from apparel_eye.networks.backbones import configuration

_RESEARCH_ONLY = ("apple-amlr", "fair-noncommercial-research-license", "seer-license")
_UNSTATED = (None, "unknown")


def check_license(name: str, accept_non_commercial: bool) -> None:
    """Refuse weights whose license forbids commercial use, unless that is accepted; name others of the architecture."""
    license_name = configuration(name).license
    if accept_non_commercial or not _is_non_commercial(license_name):
        return
    architecture = name.partition(".")[0]
    tags = timm.list_pretrained(f"{architecture}.*")
    free = [
        tag
        for tag in tags
        if configuration(tag).license not in _UNSTATED and not _is_non_commercial(configuration(tag).license)
    ]
    near = difflib.get_close_matches(name, free, n=3, cutoff=0)
    raise UsageError(
        f"the weights of {name} are for non-commercial use only ({license_name}); accept that with "
        f"--params train.accept_non_commercial=true, or set train.backbone to "
        f"{' or '.join(near) if near else f'another architecture: no weights of {architecture} are free of that'}"
    )


def describe_weights(name: str, source: str) -> str:
    """Say in a sentence where weights come from (``source`` as of ``pretrained_weights``), and their license."""
    if source == "none":
        return "Training started from random weights."
    if source not in ("hub", "bundled"):
        return f"Training started from the file {Path(source).name}; its license is not known here."
    license_name = configuration(name).license
    if license_name in _UNSTATED:
        return "Training started from pretrained weights whose license is not stated."
    forbids = ", which forbids commercial use" if _is_non_commercial(license_name) else ""
    return f"Training started from pretrained weights that were published under {license_name}{forbids}."


def _is_non_commercial(license_name: str | None) -> bool:
    return license_name in _RESEARCH_ONLY or "nc" in (license_name or "").split("-")
