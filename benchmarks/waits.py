"""How long users wait where a run should be refused, end or go on at once.

    python benchmarks/waits.py

Prints the seconds of each and the most that they should be on an idle machine; the exit code is 1 if one is above. No
test measures this: on a busy machine it would fail.
"""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.request import urlopen

from apparel_eye.data.raw_folder import scan_folder
from apparel_eye.data.reading.photos import PhotoError, read_photo
from apparel_eye.errors import LockedError, SystemEnvironmentError
from apparel_eye.execution import locks
from apparel_eye.parameters import PhotoParameters
from drawn_garments import write_samples

sys.path.append(str(Path(__file__).parents[1] / "tests" / "fixtures"))
from bad_photos import write_bad_photos  # the tests' own corpus

_KEDRO = str(Path(sys.executable).with_name("kedro"))
_CLOSED = "http://127.0.0.1:9"  # nobody answers there


def main() -> None:
    """Print a line for each wait."""
    with TemporaryDirectory() as folder:
        waits = dict(_all_waits(Path(folder)))
    for name, (seconds, limit) in waits.items():
        print(f"{name:60s} {seconds:6.2f} s of {limit:3d} s{'' if seconds <= limit else '   too long'}")
    sys.exit(any(seconds > limit for seconds, limit in waits.values()))


def _all_waits(folder: Path) -> Iterator[tuple[str, tuple[float, int]]]:
    """Of what users wait for: seconds, and the most that they should be."""
    yield "the slowest of all bad photos", (_slowest_photo(folder), 2)
    yield "a list of 5,000 files in 500 folders", (_seconds(lambda: scan_folder(_many_files(folder / "many"))), 1)
    yield "refused, as another run writes there", (_seconds_until_refused(folder / "locked"), 2)
    yield "weights asked for without a network", (_seconds_without_hub(folder), 5)
    yield from _waits_for_runs(folder)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _slowest_photo(folder: Path) -> float:
    (folder / "bad").mkdir()
    return max(_seconds_of_photo(photo.data, photo.formats) for photo in write_bad_photos(folder / "bad"))


def _seconds_of_photo(data: bytes, formats: tuple[str, ...]) -> float:
    limits = PhotoParameters(
        formats=formats, max_bytes=100_000_000, max_pixels=40_000_000, min_side=16, max_side_ratio=20, ground="white"
    )
    started = time.perf_counter()
    with suppress(PhotoError):
        read_photo(data, limits)
    return time.perf_counter() - started


def _many_files(root: Path) -> str:
    for number in range(5_000):
        path = root / f"{number // 10:03}" / f"{number:032x}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return str(root)


def _seconds_until_refused(folder: Path) -> float:
    def enter() -> None:
        with suppress(LockedError), locks.held([folder]):
            raise AssertionError("two runs are in one folder")

    with locks.held([folder]):
        return _seconds(enter)


def _seconds_without_hub(folder: Path) -> float:
    os.environ.update(HF_ENDPOINT=_CLOSED, HF_HOME=str(folder / "hub"))
    from apparel_eye.networks import hub  # reads the environment when it is imported

    def fetch() -> None:
        with suppress(SystemEnvironmentError):
            hub.fetch("test_resnet")

    return _seconds(fetch)


def _waits_for_runs(folder: Path) -> Iterator[tuple[str, tuple[float, int]]]:
    write_samples(folder / "raw", ["skirt_length"], photos=10, questions=2, seed=3, size=96)
    database = f"sqlite:///{folder / 'mlflow.db'}"
    os.environ.update(MLFLOW_TRACKING_URI=database, PYTHONUNBUFFERED="1")
    finished = _command(folder, "finished")
    subprocess.run(finished, check=True, capture_output=True)
    seconds = _seconds(lambda: subprocess.run(finished, check=True, capture_output=True))
    yield "kedro run, all finished before", (seconds, 30)
    for fault in ("absent", "silent", "dies in the middle"):
        with _mlflow(folder, fault) as uri:
            os.environ["MLFLOW_TRACKING_URI"] = uri
            beyond = _seconds(lambda: subprocess.run(finished, check=True, capture_output=True)) - seconds
        yield f"the same beyond that, MLflow {fault}", (beyond, 10)
    os.environ["MLFLOW_TRACKING_URI"] = database
    endless = _command(folder, "stopped", ",train.stages.small.fine_tune.cycle_epochs=100000")
    with subprocess.Popen(endless, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        next(line for line in run.stdout if re.match(" +3/100000 ", line))
        run.send_signal(signal.SIGTERM)
        yield "kedro run, asked to stop in mid-training", (_seconds(run.communicate), 10)


@contextmanager
def _mlflow(folder: Path, fault: str) -> Iterator[str]:
    """A server that nobody hears of, that takes connections and is silent, or falls silent after some answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if fault == "silent":
            yield uri
    if fault == "absent":
        yield uri
    if fault == "dies in the middle":
        database = folder / "served.db"
        command = [Path(sys.executable).with_name("mlflow"), "server", "--port", uri.rpartition(":")[2]]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{database}"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as server:
            while not _is_up(uri):
                time.sleep(0.1)
            Thread(target=_silence_at_params, args=(database, server.pid), daemon=True).start()
            yield uri
            os.killpg(server.pid, signal.SIGKILL)


def _is_up(uri: str) -> bool:
    with suppress(OSError), urlopen(f"{uri}/health"):
        return True
    return False


def _silence_at_params(database: Path, number: int) -> None:
    """Stop a server's processes as soon as a run has told its parameters."""
    with closing(sqlite3.connect(database)) as connection:
        while not connection.execute("select count(*) from params").fetchone()[0]:
            time.sleep(0.01)
    os.killpg(number, signal.SIGSTOP)


def _command(folder: Path, name: str, more: str = "") -> list[str]:
    return [_KEDRO, "run", "--env=test", "--pipelines=train", f"--params=raw={folder}/raw,data={folder}/{name}{more}"]


if __name__ == "__main__":
    main()
