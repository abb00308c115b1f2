"""How long commands take to start, and how soon a wrong setting is refused.

    python benchmarks/cold_start.py [--repetitions 5]

Each command is run in a new process, in turn with the others, so that other work on the machine meets all of them.
Prints medians of the seconds on the clock and of the seconds that a processor worked for it (``user``, which other
programs disturb less), and both beyond those of ``kedro --version``: what comes before a refusal that this project can
do anything about. Every refusal must end with exit code 2 and say which name was meant.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from drawn_garments import write_samples

_PROJECT = Path(__file__).parents[1]
_FIRST = "kedro --version"


class Command(NamedTuple):
    """What is typed, and what it must say where it is a refusal."""

    words: list[str]
    meant: str = ""


class Seconds(NamedTuple):
    """On the clock, and of a processor."""

    wall: float
    user: float


def main() -> None:
    """Print a row for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        write_samples(raw, ["skirt_length"], photos=10, questions=1, seed=1, size=64)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        commands = _commands(raw, Path(folder) / "data")
        _run(commands["kedro run, all finished"])  # so that the later ones find it finished
        seconds: dict[str, list[Seconds]] = {name: [] for name in commands}
        for _ in range(repetitions):
            for name, command in commands.items():
                seconds[name].append(_run(command))
    _print(seconds)


def _commands(raw: Path, data: Path) -> dict[str, Command]:
    kedro, ours = (str(Path(sys.executable).with_name(name)) for name in ("kedro", "apparel-eye"))
    run = [kedro, "run", "--env=test"]
    refused = {
        "train.bakbone=test_resnet": "train.backbone",
        "category=skirt_lenght": "skirt_length",
        "train.backbone=test_resnot": "test_resnet",
        "train.loss.name=focl": "focal",
        "submit.candidate=xgbost": "xgboost",
    }
    return {
        _FIRST: Command([kedro, "--version"]),
        "python -c 'import click'": Command([sys.executable, "-c", "import click"]),
        "apparel-eye --help": Command([ours, "--help"]),
        "apparel-eye predict --help": Command([ours, "predict", "--help"]),
        "apparel-eye parameters": Command([ours, "parameters", "train.backbone"]),
        "kedro registry list": Command([kedro, "registry", "list"]),
        "kedro run, all finished": Command([*run, "--pipelines=split", f"--params=raw={raw},data={data}"]),
        **{
            f"kedro run, {given}": Command([*run, f"--params=raw={raw},data={data},{given}"], meant)
            for given, meant in refused.items()
        },
        "kedro run --env=tset": Command([kedro, "run", "--env=tset"], "test"),
        "apparel-eye predict, misspelt": Command([ours, "predict", str(raw), "--candidate=logistik"], "logistic"),
    }


def _run(command: Command) -> Seconds:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command.words, cwd=_PROJECT, capture_output=True, text=True)
    seconds = Seconds(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    is_right = done.returncode == 2 and command.meant in done.stderr if command.meant else done.returncode == 0
    if not is_right:
        raise SystemExit(f"{command.words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return seconds


def _print(seconds: dict[str, list[Seconds]]) -> None:
    medians = {name: Seconds(*map(statistics.median, zip(*rows, strict=True))) for name, rows in seconds.items()}
    first = medians[_FIRST]
    print(f"{'':46s} {'clock':>7s} {'user':>7s}   beyond {_FIRST}:  clock    user")
    for name, found in medians.items():
        beyond = f"{found.wall - first.wall:32.2f} {found.user - first.user:7.2f}"
        print(f"{name:46s} {found.wall:7.2f} {found.user:7.2f} {beyond}")


if __name__ == "__main__":
    main()
