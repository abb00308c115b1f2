from pathlib import Path

import pytest

from apparel_eye.cli.health.network import networks
from apparel_eye.networks import pretrained
from apparel_eye.parameters import ProjectParameters


def problems(parameters: ProjectParameters, **changed: object) -> dict[str, bool]:
    """Names of what is wrong, each with whether a run needs it."""
    train = parameters.train.model_copy(update=changed)
    return {finding.name: finding.is_needed for finding in networks(train, is_online=False) if finding.problem}


def test_nothing_is_wrong_with_the_test_environment(test_parameters: ProjectParameters) -> None:
    assert problems(test_parameters) == {}


def test_bundled_weights_that_were_changed_are_told_to_those_who_need_them(
    test_parameters: ProjectParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "_BUNDLED_SHA256", "0" * 64)
    assert problems(test_parameters) == {"bundled weights": False}
    changed = problems(test_parameters, backbone="tf_efficientnet_lite0", pretrained="bundled")
    assert changed == {"bundled weights": True}


def test_a_device_that_is_not_there_is_told(test_parameters: ProjectParameters) -> None:
    assert problems(test_parameters, device="mps") == {"device": True}


def test_a_file_of_weights_that_is_not_there_is_told(test_parameters: ProjectParameters, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    assert problems(test_parameters, pretrained=str(file)) == {"weights": True}
    file.touch()
    assert problems(test_parameters, pretrained=str(file)) == {}
