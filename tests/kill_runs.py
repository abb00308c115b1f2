"""Kills training runs at random moments and runs the same command again: do they end with the same bits?

    python tests/kill_runs.py [--kills 30] [--seed 0] [--env test]

Every second kill is inside a save: just before one of the run's own file operations below the output root. The others
come after a random time. Each trial begins with photos that were ingested and split and nothing else, and the run that
goes on has another number of reading threads. Compared with a run that was left alone are the SHA-256 of every weight,
of every row of the history but for its seconds, and of every prediction. The exit code is 1 if a trial differs.

The runs are children of one process that has imported everything, so that a trial takes seconds.
"""

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
INGESTED = "ingested"
TRAINING = "06_models"
EMPTY = "empty.db"
KINDS_OF_OPERATION = {"open", "os.rename", "os.remove", "os.mkdir", "os.truncate"}
MORE = {
    "train.save_every_steps": 2,
    "train.weight_average": 0.9,
    "train.stages.small.fine_tune.cycle_epochs": 3,
    "train.stages.large.fine_tune.cycle_epochs": 2,
}
"""More to train than the tests' environment has, so that there are moments to be killed at."""


def main() -> None:
    """Print a line for each trial, then how many were equal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--env", default="test")
    parser.add_argument("--raw", type=Path, help="photos; drawn ones if left out")
    parser.add_argument("--category", default="skirt_length")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    import_everything()
    with tempfile.TemporaryDirectory() as folder:
        raw = arguments.raw or draw_garments(Path(folder) / "raw", arguments.category)
        trials = Trials(raw.absolute(), arguments.category, Path(folder), arguments.env)
        make_tracking(Path(folder) / EMPTY)
        trials.leave_alone()
        chance = random.Random(arguments.seed)
        results = [trials.kill_and_go_on(number, number % 2 == 0, chance) for number in range(arguments.kills)]
    killed_in_save = sum(result["in_save"] for result in results)
    equal = sum(result["equal"] for result in results)
    print(f"{equal} of {len(results)} equal, {killed_in_save} killed inside a save")
    sys.exit(equal != len(results))


def import_everything() -> None:
    """All that a run imports; no thread may be started, since the children are forks."""
    import accelerate  # noqa: F401
    import kedro.framework.session  # noqa: F401
    import timm  # noqa: F401
    import xgboost  # noqa: F401
    from kedro.framework.project import configure_project

    from apparel_eye.networks import inference  # noqa: F401
    from apparel_eye.training import phases  # noqa: F401

    os.chdir(PROJECT)
    configure_project("apparel_eye")


def import_all_of(imported: Path) -> None:
    """Modules that a run took, by name, in their order: those that come after it need not import them again."""
    for name in imported.read_text().splitlines():
        with suppress(Exception):  # a module that another one made up
            importlib.import_module(name)


def make_tracking(path: Path) -> None:
    """An MLflow without runs, by a child: making one takes seconds."""
    child = os.fork()
    if child == 0:
        from mlflow import MlflowClient

        MlflowClient(f"sqlite:///{path}").search_experiments()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def draw_garments(folder: Path, category: str) -> Path:
    """Ten photos and two questions per value."""
    from drawn_garments import write_samples

    write_samples(folder, [category], photos=10, questions=2, seed=3, size=96)
    return folder


class Trials:
    """Runs of one command, each with its own output root."""

    def __init__(self, raw: Path, category: str, folder: Path, env: str) -> None:
        self._raw, self._category, self._folder, self._env = raw, category, folder, env
        self._expected: dict[str, str] = {}
        self._operations = 0
        self._seconds = 0.0

    def leave_alone(self) -> None:
        """The run that the others are compared with; counts its file operations and its seconds."""
        assert self._run(self._folder / INGESTED, readers=1, what=["--pipelines=ingest,split"]) == 0, (
            "nothing was ingested"
        )
        import_all_of((self._folder / INGESTED).with_suffix(".modules"))
        data = self._begun("alone")
        count = self._folder / "count"
        started = time.perf_counter()
        status = self._run(data, readers=1, hook=lambda: count_operations(data, count))
        self._seconds = time.perf_counter() - started
        assert status == 0, "the run that was left alone failed"
        import_all_of(data.with_suffix(".modules"))
        self._operations = int(count.read_text())
        self._expected = fingerprints(data)
        print(f"left alone: {len(self._expected)} checksums, {self._operations} file operations, {self._seconds:.1f} s")

    def kill_and_go_on(self, number: int, in_save: bool, chance: random.Random) -> dict[str, bool]:
        """One trial; the output root is removed."""
        data = self._begun(f"trial-{number}")
        if in_save:
            at = chance.randrange(self._operations)
            status = self._run(data, 1, hook=lambda: kill_at_operation(data, at))
            moment = f"file operation {at} of {self._operations}"
        else:
            after = chance.uniform(0.2, 0.95) * self._seconds
            status = self._run(data, 1, kill_after=after)
            moment = f"{after:.1f} s"
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        again = self._run(data, readers=chance.randrange(4))
        found = fingerprints(data) if again == 0 else {}
        different = sorted(name for name in self._expected if found.get(name) != self._expected[name])
        equal = again == 0 and not different and found.keys() == self._expected.keys()
        print(
            f"{number + 1}: killed {was_killed} at {moment}, {'equal' if equal else f'DIFFERENT: {different[:5]}'}",
            flush=True,
        )
        shutil.rmtree(data)
        return {"equal": equal, "in_save": in_save and was_killed}

    def _begun(self, name: str) -> Path:
        """An output root, and its tracking, in which training is what comes next."""
        ingested = self._folder / INGESTED
        shutil.copy(ingested.with_suffix(".db"), self._folder / f"{name}.db")
        return Path(shutil.copytree(ingested, self._folder / name))

    def _run(
        self,
        data: Path,
        readers: int,
        hook: Callable[[], None] | None = None,
        kill_after: float | None = None,
        what: Sequence[str] = ("--pipelines=train,infer", "--to-outputs=history,network_probabilities"),  # no figures
    ) -> int:
        """The wait status of a run in a child process."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            run_command(self._raw, self._category, data, self._env, readers, hook, what)
        if kill_after is not None:
            threading.Timer(kill_after, kill, [child]).start()
        return os.waitpid(child, 0)[1]


def run_command(
    raw: Path, category: str, data: Path, env: str, readers: int, hook: Callable[[], None] | None, what: Sequence[str]
) -> None:
    """`kedro run` in this process, which ends."""
    data.mkdir(parents=True, exist_ok=True)
    log = os.open(data.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    tracking = data.with_suffix(".db")
    if not tracking.exists():
        shutil.copy(data.with_name(EMPTY), tracking)
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{tracking}"
    from apparel_eye.cli import cli

    if hook is not None:
        hook()
    given = {"raw": raw, "data": data, "category": category, "train.readers": readers, **MORE}
    params = ",".join(f"{key}={value}" for key, value in given.items())
    code = 1
    try:
        cli(["run", f"--env={env}", *what, f"--params={params}"], standalone_mode=False)
        code = 0
        data.with_suffix(".modules").write_text("\n".join(sys.modules))
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(code)


def kill(child: int) -> None:
    """Unless it has ended."""
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def count_operations(data: Path, result: Path) -> None:
    """Write at each file operation of a save how many there were."""
    seen = [0]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if is_operation(event, arguments, data):
            seen[0] += 1
            result.write_text(str(seen[0]))

    sys.addaudithook(hook)


def kill_at_operation(data: Path, at: int) -> None:
    """SIGKILL to this process just before one of its file operations."""
    left = [at]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if is_operation(event, arguments, data):
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sys.addaudithook(hook)


def is_operation(event: str, arguments: tuple[Any, ...], data: Path) -> bool:
    """Whether this writes, renames or removes a file of training."""
    if event not in KINDS_OF_OPERATION or not isinstance(arguments[0], str | os.PathLike):
        return False
    writes = event != "open" or bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    return writes and os.fspath(arguments[0]).startswith(str(data / TRAINING))


def fingerprints(data: Path) -> dict[str, str]:
    """SHA-256 of every weight, row of a history, and prediction."""
    import numpy as np
    import pandas as pd

    from apparel_eye.datasets import CheckpointDataset

    found: dict[str, Any] = {}
    for path in sorted(data.rglob("*.safetensors")):
        if path.stem == "backbone":
            continue
        checkpoint = CheckpointDataset(str(path)).load()
        name = path.relative_to(data).as_posix()
        assert checkpoint.state is None, f"{name} is unfinished"
        found[f"{name} chosen"] = json.dumps(dict(checkpoint.chosen), sort_keys=True)
        for number, row in enumerate(checkpoint.history):
            found[f"{name} row {number}"] = json.dumps({k: v for k, v in row.items() if k != "seconds"}, sort_keys=True)
        for epoch, weights in checkpoint.weights.items():
            for key, array in weights.items():
                found[f"{name} {epoch}/{key}"] = np.ascontiguousarray(array).tobytes()
    for path in sorted(data.rglob("*probabilities*.parquet")):
        for number, row in enumerate(pd.read_parquet(path).to_dict("records")):
            found[f"{path.name} {number}"] = json.dumps(row, sort_keys=True)
    for path in data.rglob("history.csv"):
        for number, row in enumerate(pd.read_csv(path).drop(columns="seconds").to_dict("records")):
            found[f"{path.name} {number}"] = json.dumps(row, sort_keys=True)
    checksum = hashlib.sha256
    return {
        name: checksum(value if isinstance(value, bytes) else value.encode()).hexdigest()
        for name, value in found.items()
    }


if __name__ == "__main__":
    main()
