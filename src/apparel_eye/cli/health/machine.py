"""Versions of packages, and what the machine has of memory, disk and processors."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from apparel_eye.cli.health.finding import Finding

_PACKAGES = (
    "apparel-eye", "kedro", "kedro-datasets", "kedro-mlflow", "kedro-viz", "mlflow", "torch", "torchvision", "timm",
    "accelerate", "xgboost", "scikit-learn", "numpy", "pandas", "pyarrow", "pillow", "pydantic", "safetensors",
)  # fmt: skip
_LITTLE_DISK = 2 * 2**30
"""Bytes; a demo writes some 200 MB, a category of 16,000 photos several GB."""


def versions() -> Iterator[Finding]:
    """Of Python, the system, and the packages that results depend on."""
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in _PACKAGES:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, "not installed", "set the environment up with `make`, or pip install it")


def resources(data: Path) -> Iterator[Finding]:
    """Processors, memory, and the disk that results go to.

    Args:
        data: where results go; it need not exist.
    """
    import psutil

    memory = psutil.virtual_memory()
    yield Finding("processors", f"{_num_usable()} usable of {os.cpu_count()}")
    yield Finding("memory", f"{_gib(memory.available)} free of {_gib(memory.total)}")
    there = next(folder for folder in (data.absolute(), *data.absolute().parents) if folder.exists())
    disk = shutil.disk_usage(there)
    yield Finding(
        "disk",
        f"{_gib(disk.free)} free of {_gib(disk.total)} at {there}",
        f"less than {_gib(_LITTLE_DISK)} are free; free some space, or name another folder with --params data=FOLDER"
        if disk.free < _LITTLE_DISK
        else "",
    )
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding("data folder", str(there), "nothing can be written; name another with --params data=FOLDER")


def _num_usable() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
