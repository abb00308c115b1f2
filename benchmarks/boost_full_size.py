"""Bags on as many feature maps as FashionAI's, beside XGBoost on all of them at once; ``boost.py`` starts it.

Each measurement is a process of its own, whose private memory is looked at: this file with a JSON object that says what
to do. So it imports no torch by itself.
"""

import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import xgboost
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye.classifiers import bags, xgboost_head
from apparel_eye.classifiers.heads import Examples, predict_views
from apparel_eye.classifiers.importance import IMPORTANCES, importances
from apparel_eye.parameters import BagParameters, XGBoostParameters

NUM_CLASSES = 6
NUM_PLANTED = 8
SEED = 1
SHARES = (0.25, 0.5, 1.0)
"""Of photos, filters and bags, against which seconds and memory are looked at."""
NAIVE_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
NAIVE_ROUNDS = 3
GIGABYTE = 10**9
_PART = 2**24
"""Numbers drawn at a time."""
_SPARSE = 0.5
"""Subtracted before negative numbers become 0: two thirds of them do."""
_SIGNAL = 0.5
"""Standard deviations, before the ReLU, by which a planted filter is higher at a place: alone it says little."""
_LEFT_FREE = 2 * GIGABYTE
"""Of memory and disk, for all that is not measured."""

Importances = NDArray[np.float64]


@dataclass(frozen=True)
class Maps:
    """Feature maps of random numbers, in which a few filters say how long a garment is.

    Attributes:
        folder: where they are written.
        num_photos: to learn from.
        num_held_out: to be judged on, behind the others.
        shape: filters, height and width.
    """

    folder: Path
    num_photos: int
    num_held_out: int
    shape: tuple[int, int, int]

    @property
    def path(self) -> Path:
        """Of the array, float16, shape (photos, 1, filters, height, width)."""
        numbers = (self.num_photos, self.num_held_out, *self.shape)
        return self.folder / f"maps-{'-'.join(map(str, numbers))}.npy"

    @property
    def num_rows(self) -> int:
        """Photos in all."""
        return self.num_photos + self.num_held_out

    @property
    def num_bytes(self) -> int:
        """On disk, float16."""
        return 2 * self.num_rows * math.prod(self.shape)

    @property
    def asked(self) -> dict[str, Any]:
        """What a process is told of them."""
        return {"path": str(self.path), "num_learned": self.num_photos}

    def write(self) -> None:
        """The same numbers each time; what is there already is kept."""
        if self.path.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free < self.num_bytes + _LEFT_FREE:
            sys.exit(
                f"{self.path} needs {self.num_bytes / GIGABYTE:.1f} GB and {_LEFT_FREE / GIGABYTE:.0f} GB beside it, "
                f"and {free / GIGABYTE:.1f} GB are free; free some, or name a folder on another disk with --folder"
            )
        shape = (self.num_rows, 1, *self.shape)
        array = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.float16, shape=shape)
        classes, step = classes_of(self.num_rows), max(1, _PART // math.prod(self.shape))
        with tqdm(total=self.num_rows, desc="write feature maps", unit="photo", disable=None) as bar:
            for first in range(0, self.num_rows, step):
                some = classes[first : first + step]
                array[first : first + step, 0] = draw(some, self.shape, first)
                bar.update(len(some))
        array.flush()  # to the disk, which is then at rest
        unfinished.rename(self.path)


def classes_of(num_photos: int) -> NDArray[np.intp]:
    """Of each photo, from short to long."""
    return np.random.default_rng(SEED).integers(0, NUM_CLASSES, num_photos)


def planted(num_filters: int) -> NDArray[np.intp]:
    """Filters that say something."""
    return np.sort(np.random.default_rng(SEED).choice(num_filters, NUM_PLANTED, replace=False))


def draw(classes: NDArray[np.intp], shape: tuple[int, int, int], first: int) -> NDArray[np.float16]:
    """Maps of photos, as after a ReLU; planted filters are a little higher above the hem, at every other place."""
    maps = np.random.default_rng([SEED, first]).standard_normal((len(classes), *shape), dtype=np.float32)
    maps -= np.float32(_SPARSE)
    rows, columns = np.arange(shape[1])[:, None], np.arange(shape[2])
    above = rows < (classes[:, None, None] + 1) * shape[1] / NUM_CLASSES
    for number, filter_ in enumerate(planted(shape[0])):
        maps[:, filter_] += np.float32(_SIGNAL) * (above & ((rows + columns + number) % 2 == 0))
    return np.maximum(maps, 0, out=maps).astype(np.float16)


# ---- (c): bags at full size


def measure_full_size(maps: Maps, parameters: BagParameters, repetitions: int) -> str:
    """Bags of all photos, and how seconds and memory grow."""
    from train import spread, table  # imports torch, whose memory is no part of a fit

    maps.write()
    full = (maps.num_photos, maps.shape[0], parameters.num_bags)
    measured: dict[tuple[int, ...], list[Told]] = {case: [] for case in cases_of(full)}
    kinds: dict[str, list[Told]] = {kind: [] for kind in IMPORTANCES}
    with tqdm(total=repetitions * (len(measured) + len(kinds)), desc="full size", unit="process", disable=None) as bar:
        for _ in range(repetitions):
            for case, fits in measured.items():
                fits.append(fitted(maps, "bags", parameters.model_copy(update={"num_bags": case[2]}), *case[:2]))
                bar.update()
            for kind, found in kinds.items():
                changed = parameters.model_copy(update={"importance": kind}).model_dump()
                found.append(apart("importances", **maps.asked, parameters=changed))
                bar.update()
    rows = [
        {
            "photos": f"{photos:,}",
            "filters": f"{filters:,}",
            "bags": str(num_bags),
            "seconds": spread([fit.last["seconds"] for fit in fits]),
            "peak, GB": spread([fit.peak / GIGABYTE for fit in fits], 2),
            "accuracy": f"{accuracy(maps, fits[0]):.3f}",
        }
        for (photos, filters, num_bags), fits in sorted(measured.items())
    ]
    lines = "".join(f"* {line}\n" for line in grown(full, measured))
    found_rows = [
        {
            "importance": kind,
            "seconds": spread([found.last["seconds"] for found in each]),
            "peak, GB": spread([found.peak / GIGABYTE for found in each], 2),
            "ranks of the planted filters": ", ".join(map(str, ranks(np.array(each[0].last["importances"])))),
        }
        for kind, each in kinds.items()
    ]
    return (
        f"## Bags at full size\n\n{said_maps(maps)} {NUM_PLANTED} filters are {_SIGNAL} standard deviations higher "
        f"above a garment's hem. `bags.fit`, {parameters.num_filters} filters a bag, {parameters.num_rounds} rounds; "
        f"memory is private memory (RssAnon) of the process, prediction of {maps.num_held_out:,} held-out photos among "
        f"it; pages of the mapped file are no part of it. Wanted: under 4 GB. Chance would be {1 / NUM_CLASSES:.2f}. "
        f"{repetitions} repetition(s).\n\n{table(rows)}\n{lines}\nImportances alone, of {maps.shape[0]:,} filters; "
        f"the best ranks are 1 to {NUM_PLANTED}:\n\n{table(found_rows)}"
    )


def cases_of(full: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Photos, filters and bags: all of them, and shares of one of them."""
    for position in range(len(full)):
        for share in sorted(SHARES, reverse=True):
            yield (*full[:position], max(1, round(share * full[position])), *full[position + 1 :])


def grown(full: tuple[int, ...], measured: dict[tuple[int, ...], list["Told"]]) -> Iterator[str]:
    """Lines of least squares, with one of the amounts varied."""
    for position, name in enumerate(("photos", "filters", "bags")):
        along = [case for case in measured if all(case[k] == full[k] for k in range(3) if k != position)]
        amounts = np.array([case[position] for case in along for _ in measured[case]])
        fits = [fit for case in along for fit in measured[case]]
        per = 1 if name == "bags" else 1000
        for unit, numbers in (
            ("s", np.array([fit.last["seconds"] for fit in fits])),
            ("MB", np.array([fit.peak / 1e6 for fit in fits])),
        ):
            slope, constant = np.polyfit(amounts / per, numbers, 1)
            rest = numbers - (slope * amounts / per + constant)
            fit_of_line = 1 - rest.var() / numbers.var() if numbers.var() else math.nan
            each = "a bag" if name == "bags" else f"for each thousand {name}"
            yield f"{name}: {constant:.1f} {unit} + {slope:.2f} {unit} {each}, R² {fit_of_line:.3f}"


def accuracy(maps: Maps, fit: "Told") -> float:
    """On the photos held out."""
    predicted = np.array(fit.last["probabilities"]).argmax(axis=1)
    return float((predicted == classes_of(maps.num_rows)[maps.num_photos :]).mean())


def ranks(of_filters: Importances) -> list[int]:
    """Of the planted filters, 1 for the most important; sorted."""
    order = np.argsort(-of_filters, kind="stable")
    return sorted((np.flatnonzero(np.isin(order, planted(len(of_filters)))) + 1).tolist())


def said_maps(maps: Maps) -> str:
    """Their sizes in words."""
    filters, height, width = maps.shape
    return (
        f"{maps.num_photos:,} photos x {filters:,} filters x {height} x {width}, float16, "
        f"{maps.num_photos * math.prod(maps.shape) * 2 / GIGABYTE:.2f} GB, random numbers, {NUM_CLASSES} classes."
    )


# ---- (d): all columns at once


def measure_naive(maps: Maps, parameters: BagParameters, limit: float, most_seconds: float) -> str:
    """Growing shares of the photos, until one stops."""
    from train import table  # as above

    maps.write()
    limit = min(limit, psutil.virtual_memory().available - _LEFT_FREE)
    rows = []
    for share in tqdm(NAIVE_SHARES, desc="all columns at once", unit="process", disable=None):
        num_photos = max(2 * NUM_CLASSES, round(share * maps.num_photos))
        asked = {**maps.asked, "num_photos": num_photos, "parameters": parameters.model_dump()}
        told = apart("naive", limit, most_seconds, **asked)
        steps = "; ".join(f"{step['step']} {end - step['at']:.1f} s" for step, end in told.steps)
        rows.append(
            {
                "photos": f"{num_photos:,}",
                "the matrix alone, GB": f"{4 * num_photos * math.prod(maps.shape) / GIGABYTE:.2f}",
                "peak, GB": f"{told.peak / GIGABYTE:.2f}",
                "seconds": f"{told.seconds:.0f}",
                "how it ended": f"stopped ({told.stopped}) in: {told.steps[-1][0]['step']}" if told.stopped else "well",
                "steps": steps,
            }
        )
        if told.stopped:
            break
    return (
        f"## All activations in one matrix\n\nThe same photos: {math.prod(maps.shape):,} columns, float32, one "
        f"`QuantileDMatrix`, {NAIVE_ROUNDS} rounds with the bags' settings, in a process that is stopped when its "
        f"private memory exceeds {limit / GIGABYTE:.1f} GB, or after {most_seconds:.0f} s.\n\n{table(rows)}"
    )


# ---- processes of their own


@dataclass
class Told:
    """What a process told, and what was seen of it.

    Attributes:
        seconds: from its start to its end.
        peak: of private memory, in bytes.
        stopped: why it was stopped; empty if it ended by itself.
        lines: what it told, one after the other.
    """

    seconds: float
    peak: float
    stopped: str
    lines: list[dict[str, Any]] = field(repr=False)

    @property
    def last(self) -> dict[str, Any]:
        """What came out."""
        return self.lines[-1]

    @property
    def steps(self) -> list[tuple[dict[str, Any], float]]:
        """Each step, and when the next one began."""
        begun = [line for line in self.lines if line["step"] != "end"] or [{"step": "start", "at": 0.0}]
        ends = [*(line["at"] for line in self.lines[1:]), self.seconds]
        return list(zip(begun, ends, strict=False))


def fitted(
    maps: Maps,
    head: str,
    parameters: BagParameters | XGBoostParameters,
    num_photos: int,
    num_filters: int,
    in_memory: bool = False,
) -> Told:
    """A head of some of the photos and filters, and what it predicts for those held out."""
    told = {**maps.asked, "num_photos": num_photos, "num_filters": num_filters, "in_memory": in_memory}
    return apart("fit", head=head, parameters=parameters.model_dump(), **told)


def apart(do: str, limit: float = math.inf, most_seconds: float = math.inf, **asked: Any) -> Told:
    """Have a process do something; it is killed beyond ``limit`` bytes of private memory or ``most_seconds``."""
    from ingest import anonymous  # imports Kedro, whose memory is no part of a fit

    command = [sys.executable, __file__, json.dumps({"do": do, **asked})]
    peak, stopped, started = 0.0, "", time.time()
    with tempfile.TemporaryFile("w+") as told, subprocess.Popen(command, stdout=told) as process:
        try:
            while process.poll() is None:
                now = anonymous(process.pid)
                peak = max(peak, now)
                too_long = time.time() - started > most_seconds
                stopped = stopped or ("memory" if now > limit else "time" if too_long else "")
                if stopped:
                    process.kill()
                time.sleep(0.02)
        finally:
            process.kill()  # no harm if it has ended
        seconds = time.time() - started
        told.seek(0)
        lines = [{**line, "at": line["at"] - started} for line in map(json.loads, told)]
    if process.returncode == -9 and math.isfinite(limit):
        stopped = stopped or "by the system, which had no memory left"
    if process.returncode and not stopped:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Told(seconds, peak, stopped, lines)


def main() -> None:
    """Do what the JSON object says."""
    asked = json.loads(sys.argv[1])
    Path("/proc/self/oom_score_adj").write_text("1000")  # if the machine runs out of memory, this is to be killed
    JOBS[asked.pop("do")](**asked)


def tell(step: str, **found: Any) -> None:
    """A line to who has started this."""
    print(json.dumps({"step": step, "at": time.time(), **found}), flush=True)


def open_maps(path: str, num_filters: int | None) -> tuple[NDArray[np.float16], tuple[int, int, int]]:
    """The first filters, shape (photos, 1, D), not read yet, and their shape."""
    maps = np.load(path, mmap_mode="r")
    _, _, every, height, width = maps.shape
    shape = (num_filters or every, height, width)
    return maps.reshape(len(maps), 1, -1)[:, :, : math.prod(shape)], shape


def examples_of(features: NDArray[np.floating], num_photos: int) -> Examples:
    """The first photos, each for itself, as ``heads.cross_predict`` gives them to a head."""
    rows = np.arange(num_photos)
    return Examples(features, rows, classes_of(len(features))[rows], np.ones(num_photos, dtype=np.float32), rows)


def fit_head(
    head: str,
    path: str,
    num_learned: int,
    num_photos: int,
    num_filters: int,
    in_memory: bool,
    parameters: dict[str, Any],
) -> None:
    """Fit, then predict the photos held out."""
    features, shape = open_maps(path, num_filters)
    held = np.arange(num_learned, len(features))
    given = np.array(features, dtype=np.float32) if in_memory else features
    examples = examples_of(given, num_photos)
    started = time.perf_counter()
    if head == "bags":
        model = bags.fit(examples, shape, BagParameters(**parameters))
    else:
        model = xgboost_head.fit(examples, XGBoostParameters(**parameters))
    seconds = time.perf_counter() - started
    predict = xgboost_head.Boosters(model).predict
    probabilities = predict_views(predict, given, held, np.arange(NUM_CLASSES), NUM_CLASSES)
    tell("end", seconds=seconds, probabilities=probabilities.tolist())


def find_importances(path: str, num_learned: int, parameters: dict[str, Any]) -> None:
    """Of all filters."""
    features, shape = open_maps(path, None)
    started = time.perf_counter()
    of_filters = importances(examples_of(features, num_learned), shape, BagParameters(**parameters))
    tell("end", seconds=time.perf_counter() - started, importances=of_filters.tolist())


def naive(path: str, num_learned: int, num_photos: int, parameters: dict[str, Any]) -> None:
    """What comes to mind first: all numbers in memory, all columns in one matrix."""
    assert num_photos <= num_learned
    bag_parameters = BagParameters(**parameters)
    features, _ = open_maps(path, None)
    tell("reading into a float32 matrix")
    matrix = np.array(features[:num_photos, 0], dtype=np.float32)
    tell("building the QuantileDMatrix")
    classes = classes_of(len(features))[:num_photos]
    quantiles = xgboost.QuantileDMatrix(matrix, classes, max_bin=bag_parameters.max_bin)
    settings = {
        **bag_parameters.passed_on(),
        "objective": "multi:softprob",
        "num_class": NUM_CLASSES,
        "tree_method": "hist",
    }
    booster = xgboost.Booster(settings, [quantiles])
    for number in range(NAIVE_ROUNDS):
        tell(f"round {number + 1}")
        booster.update(quantiles, number)
    tell("end")


JOBS = {"fit": fit_head, "importances": find_importances, "naive": naive}


if __name__ == "__main__":
    main()
