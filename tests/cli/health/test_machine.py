import shutil
from collections import namedtuple
from importlib.metadata import version
from pathlib import Path

import pytest

from apparel_eye.cli.health import machine
from apparel_eye.cli.health.machine import resources, versions

Usage = namedtuple("Usage", "total used free")


def test_versions_are_those_that_are_installed() -> None:
    found = {finding.name: finding.found for finding in versions()}
    assert found["timm"] == version("timm")
    assert found["apparel-eye"] == version("apparel-eye")


def test_a_package_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_PACKAGES", ("no-such-package",))
    assert [finding.problem for finding in versions() if finding.name == "no-such-package"] != [""]


@pytest.mark.parametrize(("free", "is_enough"), [(2**30, False), (2**40, True)])
def test_a_disk_that_is_nearly_full_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, is_enough: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(2**41, 2**41 - free, free))
    [disk] = [finding for finding in resources(tmp_path / "not" / "there") if finding.name == "disk"]
    assert (disk.problem == "") == is_enough
    assert disk.found == f"{free / 2**30:.1f} GiB free of 2048.0 GiB at {tmp_path}"
