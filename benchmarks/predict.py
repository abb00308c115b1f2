"""What predicting costs: beside the limit of the machine, timm and fastai, and how much memory it takes.

    python benchmarks/predict.py DATA PHOTOS [--folder FOLDER] [--parts a b c d] [--photos 256] [--repetitions 5]

DATA is the folder of an earlier run, PHOTOS one of photos. Parts: (a) photos per second of predicting files against the
same forward passes on tensors in memory, by candidate; (b) plain against timm's own inference; (c) tta against
fastai's, which gets an environment of its own in FOLDER; (d) memory of the command for few and for many photos. Rivals
alternate within a repetition. Each part is kept as FOLDER/predict/PART.md, so that parts can be measured one at a time;
all that are there become DOCS/predict_cost.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from fastai_process import FASTAI, KEEP_FREED_MEMORY, Rival, fastai_environment, fastest_setup
from predict_memory import copied, measure_memory
from recipe import PROJECT
from safetensors.numpy import save_file
from timm.data import create_dataset, create_loader
from torch import Tensor, nn
from train import said, spread, table, wait

from apparel_eye.data.photo_sources import open_photos
from apparel_eye.datasets import CheckpointDataset, WeightsDataset
from apparel_eye.networks import backbones
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import restore, without_prefix
from apparel_eye.networks.device import Mode
from apparel_eye.networks.fusion import fused
from apparel_eye.parameters import STAGES
from apparel_eye.parameters.candidates import NETWORK
from apparel_eye.prediction.models import load_category
from apparel_eye.prediction.recognizer import Recognizer
from apparel_eye.prediction.tag import tag

PARTS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Ground:
    """What all parts stand on.

    Attributes:
        data: folder of a run that has trained the category.
        place: folder of photos.
        folder: for what is made here.
        category: that answers.
        num_photos: to predict; files are repeated if there are fewer.
        repetitions: of each measurement.
        growth: numbers of photos whose memory is compared.
    """

    data: Path
    place: Path
    folder: Path
    category: str
    num_photos: int
    repetitions: int
    growth: tuple[int, ...]

    @cached_property
    def photos(self) -> Path:
        """The folder that all sides read."""
        return copied(self.place, self.folder / "predict" / "photos", self.num_photos)

    @property
    def models(self) -> Path:
        """Of the category."""
        return self.data / "06_models" / self.category

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Of the last stage, which the candidates plain and tta are of."""
        return CheckpointDataset(str(self.models / f"{STAGES[-1]}.safetensors")).load()

    def recognizer(self, candidate: str) -> Recognizer:
        """One that has predicted all photos once, so that kernels are chosen and files are in memory."""
        recognizer = load_category(self.data, self.category, candidate)
        self.tag(recognizer)
        return recognizer

    def tag(self, recognizer: Recognizer) -> float:
        """Seconds from files to a table."""
        started = time.perf_counter()
        for part in tag(open_photos(self.photos), recognizer):
            assert not part.rows["problem"].any(), "a rival need not know what to do with files that are no photos"
        return time.perf_counter() - started


def main() -> None:
    """Measure the parts, and write all that were ever measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("place", type=Path, metavar="PHOTOS")
    parser.add_argument("--folder", type=Path, help="kept between calls; a temporary one if left out")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--category", default="skirt_length")
    parser.add_argument("--photos", type=int, dest="num_photos", default=256)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--growth", type=int, nargs="+", default=[1_000, 20_000], help="photos of part d")
    parser.add_argument("--docs", type=Path, default=PROJECT / "docs")
    options = vars(parser.parse_args())
    parts, docs = options.pop("parts"), options.pop("docs")
    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.pop("folder") or Path(temporary)).resolve()
        ground = Ground(**{**options, "growth": tuple(options["growth"])}, folder=folder)
        sections = folder / "predict"
        sections.mkdir(parents=True, exist_ok=True)
        for part in parts:
            started = time.perf_counter()
            (sections / f"{part}.md").write_text(MEASURES[part](ground))
            print(f"part {part}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        written = [sections / f"{part}.md" for part in PARTS]
        text = "\n".join([header(ground), *(path.read_text() for path in written if path.exists())])
    (docs / "predict_cost.md").write_text(text)
    print(text)


def header(ground: Ground) -> str:
    """What was measured on what."""
    command = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return (
        f"# Predicting: what it costs\n\n`python benchmarks/predict.py DATA PHOTOS`: {ground.num_photos} photos, "
        f"`{ground.category}`, {os.cpu_count()} cores, torch {torch.__version__}, at commit {commit}. Rivals alternate "
        f"within a repetition; given are median and range of {ground.repetitions} repetitions.\n"
    )


# ---- (a): against the limit


def measure_limit(ground: Ground) -> str:
    """The candidates of the network, and XGBoost's."""
    rows = [limit_row(ground, candidate) for candidate in (*NETWORK, "xgboost")]
    about = load_category(ground.data, ground.category).about
    return (
        f"## Predicting and the limit\n\nFrom JPEG files to a table, against nothing but the forward passes of the "
        f"same {about.backbone} on random tensors in memory, as timm makes it and as `vision/folding.py` leaves it; "
        f"batches of {about.infer.batch_size}, {said(Mode(**about.modes['predict']))}.\n\n{table(rows)}"
    )


def limit_row(ground: Ground, candidate: str) -> dict[str, str]:
    """Photos per second of both sides."""
    recognizer = ground.recognizer(candidate)
    networks, num_views = networks_of(ground, recognizer)
    photos = torch.rand(ground.num_photos, 3, *size_of(recognizer), device=recognizer.mode.where)
    batches = [recognizer.mode.lay_out(batch) for batch in photos.split(recognizer.about.infer.batch_size)]
    passes = [partial(forward_seconds, network, batches, num_views, recognizer.mode) for network in networks]
    for pass_all in passes:
        pass_all()
    own, best, quick = ground.num_photos / alternated(ground, partial(ground.tag, recognizer), *passes)
    return {
        "candidate": candidate,
        "pixels": " x ".join(map(str, size_of(recognizer))),
        "passes a photo": str(num_views),
        "photos/s": spread(own),
        "forward passes, photos/s": spread(best),
        "share of these": spread(own / best, 2),
        "folded, photos/s": spread(quick),
        "share of those": spread(own / quick, 2),
    }


def size_of(recognizer: Recognizer) -> tuple[int, int]:
    """Height and width of the photos that a candidate looks at which is no blend."""
    [size] = recognizer.sizes
    return size


def networks_of(ground: Ground, recognizer: Recognizer) -> tuple[list[Callable[[Tensor], Tensor]], int]:
    """What the candidate computes on photos where they are, as timm makes it and folded; how often for each."""
    about = recognizer.about
    if recognizer.candidate in NETWORK:
        num_views = 1 if recognizer.candidate == "plain" else 1 + about.infer.mirrored + about.infer.num_drawn
        classifier, _ = restore(ground.checkpoint)
        return [
            recognizer.mode.place(network) for network in (classifier, classifier.fused(recognizer.mode.device))
        ], num_views
    weights = without_prefix(WeightsDataset(str(ground.models / "backbone.safetensors")).load())
    fitted = backbones.fit_to(about.backbone, weights, size_of(recognizer))
    model = backbones.restored(about.backbone, fitted, size_of(recognizer))
    models = [model, fused(model, backbones.feature_maps, size_of(recognizer), recognizer.mode.device)]
    num_views = len(about.activations.views) + about.activations.num_drawn
    return [partial(backbones.feature_maps, recognizer.mode.place(each)) for each in models], num_views


@torch.inference_mode()
def forward_seconds(
    network: Callable[[Tensor], Tensor], batches: Iterable[Tensor], num_views: int, mode: Mode
) -> float:
    """Seconds of as many passes of each batch."""
    wait()
    started = time.perf_counter()
    for batch in batches:
        with mode.autocast():
            for _ in range(num_views):
                network(batch)
    wait()
    return time.perf_counter() - started


# ---- (b): against timm


def measure_timm(ground: Ground) -> str:
    """The candidate plain, and timm with a head of its own."""
    recognizer = ground.recognizer("plain")
    about, mode = recognizer.about, recognizer.mode
    model = timm.create_model(about.backbone, num_classes=0)
    backbones.load(model, backbone_weights(ground))
    model.reset_classifier(len(about.values))
    mode.place(model.eval())
    runs = {
        workers: partial(timm_seconds, model, timm_loader(ground, recognizer, workers), mode) for workers in (0, 1, 2)
    }
    for run in runs.values():
        run()  # workers are started, and stay
    seconds = {workers: min(run() for _ in range(2)) for workers, run in runs.items()}
    print(f"timm, seconds by workers: {seconds}", file=sys.stderr, flush=True)
    workers = min(seconds, key=lambda choice: seconds[choice])
    own, its = alternated(ground, partial(ground.tag, recognizer), runs[workers])
    row = {
        "photos/s": spread(ground.num_photos / own),
        "timm, photos/s": spread(ground.num_photos / its),
        "times as fast": spread(its / own, 2),
    }
    return (
        f"## Predicting and timm\n\nThe candidate plain and the loop of timm's `inference.py` ({timm.__version__}), "
        f"in the same process, so that our setting of glibc helps it, too: same files, squashed to "
        f"{' x '.join(map(str, size_of(recognizer)))} pixels, same backbone, batches of {about.infer.batch_size}, "
        f"{said(mode)}, {workers} workers that are there already.\n\n{table([row])}"
    )


def timm_loader(ground: Ground, recognizer: Recognizer, workers: int) -> Any:
    """Batches of normalized photos."""
    mean, std = backbones.normalization(recognizer.about.backbone)
    return create_loader(
        create_dataset("", root=str(ground.photos)),
        input_size=(3, *size_of(recognizer)),
        batch_size=recognizer.about.infer.batch_size,
        interpolation="bicubic",
        mean=mean,
        std=std,
        crop_pct=1.0,
        crop_mode="squash",
        num_workers=workers,
        device=recognizer.mode.where,
    )


@torch.inference_mode()
def timm_seconds(model: nn.Module, loader: Any, mode: Mode) -> float:
    """Seconds from files to probabilities."""
    started = time.perf_counter()
    for photos, _ in loader:
        with mode.autocast():
            logits = model(mode.lay_out(photos))
        logits.float().softmax(dim=1).cpu().numpy()
    return time.perf_counter() - started


# ---- (c): against fastai


def measure_fastai(ground: Ground) -> str:
    """The candidate tta and ``learn.tta``."""
    title = "## Test-time augmentation and fastai\n\n"
    python = fastai_environment(ground.folder / "fastai")
    if python is None:
        return title + "Left out: fastai could not be installed here; the error stream says why.\n"
    recognizer = ground.recognizer("tta")
    asked = request(ground, recognizer)
    num_batch = recognizer.about.infer.batch_size
    with Rival(python) as rival, Rival(python, **KEEP_FREED_MEMORY) as helped:
        few = {"photos": asked["photos"][: 1 + 2 * num_batch]}
        best = fastest_setup(rival, asked | few)
        helped.ask(asked | best | few)  # the first time kernels are chosen
        sides = [partial(fastai_seconds, side, asked | best) for side in (rival, helped)]
        own, plain, better = alternated(ground, partial(ground.tag, recognizer), *sides)
    names = {"each at its best": plain, "likewise, with our setting of glibc for fastai, too": better}
    rows = [
        {
            "": name,
            "photos/s": spread(ground.num_photos / own),
            "fastai, photos/s": spread(ground.num_photos / seconds),
            "times as fast": spread(seconds / own, 2),
        }
        for name, seconds in names.items()
    ]
    return (
        f"{title}The plain photo and {recognizer.about.infer.num_drawn} drawn views of "
        f"{' x '.join(map(str, size_of(recognizer)))} pixels by the same backbone, batches of {num_batch}, from files "
        f"on; we decode a photo once, fastai for each view. At its best: ours is {said(recognizer.mode)}, fastai "
        f"{FASTAI} "
        f"{best['mode']} with {best['workers']} workers.\n\n{table(rows)}"
    )


def fastai_seconds(side: Rival, asked: dict[str, Any]) -> float:
    """Seconds from files to probabilities."""
    return side.ask(asked)["seconds"]


def request(ground: Ground, recognizer: Recognizer) -> dict[str, Any]:
    """What ``fastai_rival.py`` is asked for; it wants a photo to train with, too."""
    about = recognizer.about
    weights = ground.folder / "predict" / "backbone.safetensors"
    save_file(backbone_weights(ground), weights)
    mean, std = backbones.normalization(about.backbone)
    keys = sorted(path.name for path in ground.photos.iterdir())
    return {
        "do": "tta",
        "folder": str(ground.photos),
        "photos": [(keys[0], about.values[0], False), *((key, about.values[0], True) for key in keys)],
        "values": about.values,
        "backbone": about.backbone,
        "weights": str(weights),
        "mean": mean,
        "std": std,
        "size": size_of(recognizer),
        "batch_size": about.infer.batch_size,
        "num_drawn": about.infer.num_drawn,
        "augmentation": about.augmentation.model_dump(),
    }


def backbone_weights(ground: Ground) -> backbones.Weights:
    """Of the last stage's network, by timm's names."""
    return without_prefix(dict(ground.checkpoint.of("best")))


# ---- shared


def alternated(ground: Ground, *sides: Callable[[], float]) -> np.ndarray:
    """Seconds of each side, shape (sides, repetitions)."""
    return np.array([[side() for side in sides] for _ in range(ground.repetitions)]).T


MEASURES = {
    "a": measure_limit,
    "b": measure_timm,
    "c": measure_fastai,
    "d": lambda ground: measure_memory(ground.folder / "predict" / "memory", ground.growth, ground.repetitions),
}


if __name__ == "__main__":
    main()
