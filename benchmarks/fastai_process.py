"""fastai in a process and an environment of its own, for benchmarks that have it as a rival."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from apparel_eye.networks.device import DTYPES

FASTAI = "2.8.12"
KEEP_FREED_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}
"""What ``vision.device`` sets for us."""


class Rival:
    """A process of ``fastai_rival.py``."""

    def __init__(self, python: Path, **environment: str) -> None:
        command = [python, Path(__file__).with_name("fastai_rival.py")]
        environment |= {**os.environ, "OMP_NUM_THREADS": str(os.cpu_count()), "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Rival":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, asked: dict[str, Any]) -> dict[str, float]:
        """The answer of the function that ``do`` names: ``seconds``, and what else it measures."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer


def fastest_setup(rival: Rival, asked: dict[str, Any]) -> dict[str, Any]:
    """Workers, then precision and memory format, by one answer each."""
    modes = [f"{precision} {layout}" for precision in DTYPES for layout in ("contiguous", "channels_last")]
    rival.ask(asked | {"mode": modes[0], "workers": 0})  # the first time kernels are chosen
    best: dict[str, Any] = {"mode": modes[0]}
    for name, choices in {"workers": [0, 1, os.cpu_count()], "mode": modes}.items():
        found = {choice: rival.ask(asked | best | {name: choice})["seconds"] for choice in choices}
        print(f"fastai, seconds by {name}: {found}", file=sys.stderr, flush=True)
        best[name] = min(found, key=lambda choice: found[choice])
    return best


def fastai_environment(folder: Path) -> Path | None:
    """Python of an environment with fastai and our versions of the rest; nothing if it cannot be installed."""
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        same = [f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "torchvision", "timm")]
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        installed = subprocess.run([python, "-m", "pip", "install", "--quiet", f"fastai=={FASTAI}", *same])
        if installed.returncode:
            return None
        ready.touch()
    return python
