"""The device, and the weights that training starts from."""

from collections.abc import Iterator
from pathlib import Path

from apparel_eye.cli.health.finding import Finding
from apparel_eye.errors import ApparelEyeError
from apparel_eye.parameters import TrainParameters


def networks(train: TrainParameters, is_online: bool) -> Iterator[Finding]:
    """What networks compute on, and whether the weights that the parameters name can be had.

    Args:
        train: the environment's.
        is_online: the hub may be asked.
    """
    from apparel_eye.networks.device import is_there
    from apparel_eye.networks.inventory import describe_device, describe_precision, num_threads

    missing = train.device != "auto" and not is_there(train.device)
    remedy = "check the driver, or run with --params train.device=auto"
    problem = f"train.device is {train.device}, which torch does not find; {remedy}" if missing else ""
    yield Finding("device", describe_device(), problem)
    yield Finding("precision", describe_precision())
    yield Finding("threads", str(num_threads()))
    yield _bundled(train)
    yield _hub(train, is_online)
    if train.pretrained not in ("hub", "bundled", "none"):
        there = Path(train.pretrained).is_file()
        yield Finding("weights", train.pretrained, "" if there else "there is no such file; see train.pretrained")


def _bundled(train: TrainParameters) -> Finding:
    from apparel_eye.networks.pretrained import bundled_file

    is_needed = train.pretrained == "bundled"
    try:
        return Finding("bundled weights", f"{bundled_file().name}, SHA-256 as it should be", is_needed=is_needed)
    except ApparelEyeError as error:
        return Finding("bundled weights", "cannot be used", str(error), is_needed)


def _hub(train: TrainParameters, is_online: bool) -> Finding:
    """Weights of the hub: in its cache, or asked for."""
    from apparel_eye.networks import hub

    is_needed = train.pretrained == "hub"
    try:
        if hub.cached(train.backbone):
            return Finding("hub", f"weights of {train.backbone} are in its cache on this machine", "", is_needed)
        if not is_online:
            found = f"weights of {train.backbone} are not in its cache; `apparel-eye doctor --online` asks the hub"
            return Finding("hub", found, "", is_needed)
        hub.check_reachable(train.backbone)
        return Finding("hub", f"answers, and has weights of {train.backbone}", "", is_needed)
    except ApparelEyeError as error:
        return Finding("hub", "no weights to be had", str(error), is_needed)
