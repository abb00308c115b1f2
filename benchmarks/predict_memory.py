"""How much memory the command predict takes, for few and for many photos."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from ingest import anonymous
from recipe import PROJECT
from train import spread, table

CATEGORY = "skirt_length"


def measure_memory(folder: Path, numbers: Sequence[int], repetitions: int) -> str:
    """Peaks by number of photos, of a network that is trained here.

    Args:
        folder: for what is drawn, trained and predicted.
        numbers: of photos, the one to compare with first.
        repetitions: of each measurement.
    """
    raw, data = folder / "raw", folder / "data"
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    start = partial(subprocess.Popen, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    python = [sys.executable, "-m"]
    peak_of(start([*python, "drawn_garments", raw, "--categories", CATEGORY]))
    given = f"--params=raw={raw},data={data},category={CATEGORY}"
    peak_of(start([*python, "apparel_eye", "run", "--env=test", given]))
    drawn = raw / "rank" / "Images" / f"{CATEGORY}_labels"
    folders = {number: copied(drawn, folder / f"photos-{number}", number) for number in numbers}
    measured: dict[int, list[tuple[float, float]]] = {number: [] for number in numbers}
    for _ in range(repetitions):
        for number, photos in folders.items():
            shutil.rmtree(data / "07_model_output")  # what is finished would not be made again
            options = ["--category", CATEGORY, "--data", data, "--candidate", "plain"]
            measured[number].append(peak_of(start([*python, "apparel_eye", "predict", photos, *options])))
    return (
        f"## Memory\n\nPrivate memory (RssAnon, looked at each 20 ms) of `python -m apparel_eye predict FOLDER "
        f"--candidate plain`, a tiny network (`--env=test`) on drawn garments.\n\n{table(rows_of(measured))}"
    )


def rows_of(measured: dict[int, list[tuple[float, float]]]) -> list[dict[str, str]]:
    """Of a table, from pairs of seconds and megabytes."""
    first, *_ = measured
    least = np.array(measured[first])[:, 1]
    rows = []
    for number, pairs in measured.items():
        seconds, peaks = np.array(pairs).T
        row = {"photos": f"{number:,}", "seconds": spread(seconds), "peak, MB": spread(peaks)}
        rows.append(row | {f"times that of {first:,}": spread(peaks / least, 2)})
    return rows


def peak_of(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Seconds until a process ends, and the peak of its private memory in MB."""
    started, peak = time.perf_counter(), 0.0
    while process.poll() is None:
        peak = max(peak, anonymous(process.pid))
        time.sleep(0.02)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return time.perf_counter() - started, peak / 1e6


def copied(place: Path, folder: Path, num_photos: int) -> Path:
    """A folder of as many files, copied over and over from those of another, without subfolders."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sources = sorted(path for path in place.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    if not sources:
        raise ValueError(f"{place} has no .jpg files; name a folder that has some")
    for number, source in zip(range(num_photos), cycle(sources), strict=False):
        shutil.copyfile(source, folder / f"{number:06}.jpg")
    return folder
