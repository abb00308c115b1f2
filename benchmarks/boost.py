"""What activations and the heads on them cost: beside the machine's limit, on disk and in memory, and at full size.

    python benchmarks/boost.py RAW [--folder FOLDER] [--parts a b c d] [--repetitions 5] [--full-repetitions 1] [--keep]

Parts: (a) extraction of feature maps to disk against the same forward passes on tensors in memory; (b) XGBoost and bags
on feature maps on disk against the same in memory; (c) bags at full size, 9,223 photos x 2,048 filters x 16 x 16: their
memory, and how seconds and memory grow; (d) the same activations all in one matrix. Maps of (b) to (d) are random
numbers, written into FOLDER (11 GB for (c) and (d), removed at the end unless --keep); they should fit in the page
cache, or the disk is measured. Rivals alternate within a repetition. Each part is kept as FOLDER/boost/PART.md, so that
parts can be measured one at a time; all that are there become DOCS/boost_cost.md.
"""

import argparse
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xgboost
from boost_full_size import GIGABYTE, Maps, Told, accuracy, fitted, measure_full_size, measure_naive, said_maps
from numpy.typing import NDArray
from recipe import PROJECT, changed_parameters
from torch import Tensor, nn
from train import Ground as Photos
from train import said, spread, table, wait

from apparel_eye.activations.extract import Extractor, Extractors, extract
from apparel_eye.activations.index import ALL
from apparel_eye.attributes import is_length
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.sizes import stage_size
from apparel_eye.datasets import ArrayDataset
from apparel_eye.networks import backbones
from apparel_eye.networks.classifier import without_prefix
from apparel_eye.networks.device import Mode
from apparel_eye.networks.fusion import fused
from apparel_eye.networks.inference import Identities, identity_of
from apparel_eye.networks.sizes import multiple_of
from apparel_eye.parameters import BagParameters, BoosterParameters, ProjectParameters, XGBoostParameters

ENV = "cpu"
PARTS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Ground:
    """What all parts stand on.

    Attributes:
        photos: of part a, and how often it is repeated.
        folder: for what is made here.
        small: feature maps of part b.
        full: feature maps of parts c and d.
        changed: parameters of all boosters that are not as in boost.yml.
        num_bags: of part c.
        repetitions: of parts a and b.
        full_repetitions: of part c.
        limit: of private memory in part d, in bytes.
        most_seconds: of a process of part d.
    """

    photos: Photos
    folder: Path
    small: Maps
    full: Maps
    changed: dict[str, int]
    num_bags: int
    repetitions: int
    full_repetitions: int
    limit: float
    most_seconds: float

    @cached_property
    def parameters(self) -> ProjectParameters:
        """Of the environment."""
        return changed_parameters(ENV, 0, {})

    @property
    def xgboost(self) -> XGBoostParameters:
        """On whole maps."""
        return self.parameters.boost.xgboost.model_copy(update={"features": "map", **self.changed})

    @property
    def bags(self) -> BagParameters:
        """As boost.yml has them."""
        return self.parameters.boost.bags.model_copy(update=self.changed)


def main() -> None:
    """Measure the parts, and write all that were ever measured."""
    options = asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that what was started and written goes, too
    logging.getLogger("apparel_eye").setLevel(logging.ERROR)
    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        ground = ground_of(options, folder)
        sections = folder / "boost"
        sections.mkdir(parents=True, exist_ok=True)
        try:
            for part in options.parts:
                started = time.perf_counter()
                (sections / f"{part}.md").write_text(MEASURES[part](ground))
                print(f"part {part}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        finally:
            for maps in () if options.keep else (ground.small, ground.full):
                maps.path.unlink(missing_ok=True)
        written = [sections / f"{part}.md" for part in PARTS]
        text = "\n".join([header(), *(path.read_text() for path in written if path.exists())])
    (options.docs / "boost_cost.md").write_text(text)
    print(text)


def asked() -> argparse.Namespace:
    """What the command says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--folder", type=Path, help="kept between calls; a temporary one if left out")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--category", default="skirt_length")
    parser.add_argument("--photos", type=int, default=256, help="of part a, labelled ones at most; 0: all")
    parser.add_argument("--repetitions", type=int, default=5, help="of parts a and b")
    parser.add_argument("--full-repetitions", type=int, default=1, help="of part c")
    size = {"type": int, "nargs": 4, "metavar": ("PHOTOS", "FILTERS", "HEIGHT", "WIDTH")}
    parser.add_argument("--small", **size, default=[1_000, 256, 12, 8], help="feature maps of part b")
    parser.add_argument("--full", **size, default=[9_223, 2_048, 16, 16], help="of parts c and d")
    parser.add_argument("--held-out", type=int, default=1_000, help="further photos of parts c and d; b: a fifth")
    parser.add_argument("--bags", type=int, default=4, help="of part c")
    parser.add_argument("--rounds", type=int, help="of each booster, for a quick look; left out: those of boost.yml")
    parser.add_argument("--limit", type=float, default=16.0, help="of private memory in part d, in GB")
    parser.add_argument("--most-seconds", type=float, default=3_600, help="of each process in part d")
    parser.add_argument("--keep", action="store_true", help="leave the feature maps where they are")
    parser.add_argument("--docs", type=Path, default=PROJECT / "docs")
    return parser.parse_args()


def ground_of(options: argparse.Namespace, folder: Path) -> Ground:
    """From what the command says."""
    num_small, *small = options.small
    num_full, *full = options.full
    return Ground(
        photos=Photos(
            *(options.raw.resolve(), folder, options.category, options.photos, options.repetitions, 1, options.docs)
        ),
        folder=folder / "boost",
        small=Maps(folder / "boost", num_small, num_small // 5, tuple(small)),
        full=Maps(folder / "boost", num_full, options.held_out, tuple(full)),
        changed={"num_rounds": options.rounds} if options.rounds else {},
        num_bags=options.bags,
        repetitions=options.repetitions,
        full_repetitions=options.full_repetitions,
        limit=options.limit * GIGABYTE,
        most_seconds=options.most_seconds,
    )


def header() -> str:
    """What was measured where."""
    command = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return (
        f"# Activations and the heads on them: what they cost\n\n`python benchmarks/boost.py RAW`: {os.cpu_count()} "
        f"cores, torch {torch.__version__}, xgboost {xgboost.__version__}, at commit {commit}. Rivals alternate within "
        f"a repetition; given are median and range.\n"
    )


# ---- (a): extraction and the limit


def measure_extraction(ground: Ground) -> str:
    """Photos per second to disk, and of the network alone."""
    photos, train, activations = ground.photos, ground.parameters.train, ground.parameters.activations
    sides = (photos.manifest[name].tolist() for name in ("height", "width"))
    size = stage_size(activations.size, *sides, multiple_of(train.backbone))
    pixels, mode = photos.decoded(size), photos.modes["predict"]
    augmentation = train.augmentation.for_category(is_length(photos.category))
    weights = without_prefix(photos.weights)
    extractors = Extractors([Extractor(train.backbone, weights, size, activations, augmentation, mode)])
    identities = photos.manifest["sha256"].map(identity_of).to_numpy(dtype=np.uint64)
    model = backbones.restored(train.backbone, backbones.fit_to(train.backbone, weights, size), size)
    models = [mode.place(each) for each in (model, fused(model, backbones.feature_maps, size, mode.device))]
    batch = mode.lay_out(torch.rand(activations.batch_size, 3, *size, device=mode.where))
    num_views = len(activations.views) + activations.num_drawn
    few = slice(activations.batch_size)  # to warm up
    to_disk(ground.folder / "extracted", pixels[few], identities[few], extractors, activations.batch_size)
    for each in models:
        forward(each, mode, batch, len(pixels[few]), num_views)
    measured = []
    for _ in range(ground.repetitions):
        taken = to_disk(ground.folder / "extracted", pixels, identities, extractors, activations.batch_size)
        measured.append((*taken, *(forward(each, mode, batch, len(pixels), num_views) for each in models)))
    own, saving, best, quick = np.array(measured).T
    row = {
        "photos/s to disk": spread(len(pixels) / own),
        "forward passes, photos/s": spread(len(pixels) / best),
        "share of these": spread(best / own, 2),
        "folded, photos/s": spread(len(pixels) / quick),
        "share of those": spread(quick / own, 2),
        "saving, share of the time": spread(saving / own, 3),
    }
    return (
        f"## Extraction and the limit\n\n{len(pixels)} photos of {size[0]} x {size[1]} pixels through "
        f"{train.backbone}, {num_views} views, batches of {activations.batch_size}: from memory-mapped photos to "
        f"feature maps on disk, hashed and synced batch by batch, against as many forward passes on random tensors in "
        f"memory, of the backbone as timm makes it and as `vision/folding.py` leaves it; {said(mode)}. Wanted: at "
        f"least .9. {ground.repetitions} repetitions.\n\n{table([row])}"
    )


def to_disk(
    folder: Path, pixels: Pixels, identities: Identities, extractors: Extractors, batch_size: int
) -> tuple[float, float]:
    """Seconds in all and of saving, of an extraction as the pipeline does it."""
    shutil.rmtree(folder, ignore_errors=True)
    dataset, saving = ArrayDataset(str(folder / "activations.npy"), on_change="activations.on_change"), 0.0
    started = time.perf_counter()
    for part in extract(pixels, identities, np.full(len(pixels), ALL), extractors, batch_size):
        before = time.perf_counter()
        dataset.save(part)
        saving += time.perf_counter() - before
    seconds = time.perf_counter() - started
    shutil.rmtree(folder)
    return seconds, saving


@torch.inference_mode()
def forward(model: nn.Module, mode: Mode, batch: Tensor, num_photos: int, num_views: int) -> float:
    """Seconds of nothing but the network."""
    wait()
    started = time.perf_counter()
    for first in range(0, num_photos, len(batch)):
        some = batch[: num_photos - first]
        for _ in range(num_views):
            with mode.autocast():
                backbones.feature_maps(model, some)
    wait()
    return time.perf_counter() - started


# ---- (b): on disk and in memory


def measure_places(ground: Ground) -> str:
    """Both heads on whole maps, from a file and from an array in memory."""
    ground.small.write()
    heads: dict[str, BoosterParameters] = {"xgboost": ground.xgboost, "bags": ground.bags}
    measured: dict[str, list[tuple[Told, Told]]] = {head: [] for head in heads}
    for _ in range(ground.repetitions):
        for head, parameters in heads.items():
            measured[head].append((place(ground, head, parameters, False), place(ground, head, parameters, True)))
    rows = [places_row(ground, head, pairs) for head, pairs in measured.items()]
    return (
        f"## Training on disk and in memory\n\n{said_maps(ground.small)} `xgboost_head.fit` on whole maps "
        f"({ground.xgboost.num_models} models of {ground.xgboost.num_rounds} rounds) and `bags.fit` "
        f"({ground.bags.num_bags} bags of {ground.bags.num_rounds} rounds), on the memory-mapped file and on its "
        f"numbers as float32 in memory, reading which does not count. Each is a process of its own; memory is its peak "
        f"of private memory (RssAnon), prediction among it. {ground.repetitions} repetitions.\n\n{table(rows)}"
    )


def place(ground: Ground, head: str, parameters: BoosterParameters, in_memory: bool) -> Told:
    """A fit on all photos and filters."""
    return fitted(ground.small, head, parameters, ground.small.num_photos, ground.small.shape[0], in_memory)


def places_row(ground: Ground, head: str, pairs: list[tuple[Told, Told]]) -> dict[str, str]:
    """Of a table, from fits on disk and in memory."""
    on_disk, in_memory = zip(*pairs, strict=True)
    seconds = [np.array([fit.last["seconds"] for fit in fits]) for fits in (on_disk, in_memory)]
    peaks = [np.array([fit.peak / 1e6 for fit in fits]) for fits in (on_disk, in_memory)]
    predicted: list[NDArray[np.float64]] = [np.array(fit.last["probabilities"]) for pair in pairs for fit in pair]
    difference = max(float(np.abs(each - predicted[0]).max()) for each in predicted)
    return {
        "head": head,
        "on disk, s": spread(seconds[0]),
        "in memory, s": spread(seconds[1]),
        "times as long": spread(seconds[0] / seconds[1], 2),
        "on disk, peak MB": spread(peaks[0], 0),
        "in memory, peak MB": spread(peaks[1], 0),
        "probabilities": "equal" if difference == 0 else f"differ by up to {difference:.1e}",
        "accuracy": f"{accuracy(ground.small, on_disk[0]):.3f}",
    }


# ---- (c), (d): see boost_full_size.py


def full_size(ground: Ground) -> str:
    """Bags of all photos."""
    parameters = ground.bags.model_copy(update={"num_bags": ground.num_bags})
    return measure_full_size(ground.full, parameters, ground.full_repetitions)


def naive(ground: Ground) -> str:
    """All activations in one matrix."""
    return measure_naive(ground.full, ground.bags, ground.limit, ground.most_seconds)


MEASURES: dict[str, Callable[[Ground], Any]] = {
    "a": measure_extraction,
    "b": measure_places,
    "c": full_size,
    "d": naive,
}


if __name__ == "__main__":
    main()
