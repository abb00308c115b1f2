"""What training costs: beside the limit of the machine, beside fastai, and against photos, pixels and sizes.

    python benchmarks/train.py RAW [--data FOLDER] [--parts a b c d e gpu] [--repetitions 5] [--seeds 3]

Parts: (a) photos per second of fine-tuning against the same steps on random tensors in memory; (b) against fastai 2.8,
which gets an environment of its own in FOLDER; (c) an epoch of the head on cached features against one through the
backbone; (d) seconds of a stage against photos and pixels; (e) growing sizes against the last one alone for the same
time; (gpu) the first with ResNeXt-101, where there is a GPU. Rivals alternate within a repetition. Each part is kept as
FOLDER/train/PART.md, so that parts can be measured one at a time; all that are there become DOCS/train_cost.md.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from fastai_process import FASTAI, KEEP_FREED_MEMORY, Rival, fastai_environment, fastest_setup
from matplotlib.figure import Figure
from numpy.typing import NDArray
from recipe import PROJECT, SMALLER, changed_parameters, ingested, last
from safetensors.numpy import save_file
from torch.nn import functional

from apparel_eye.data import transforms
from apparel_eye.data.batches import read
from apparel_eye.data.pixels import decode
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.subsets import Rows, Subsets, assign_subsets
from apparel_eye.datasets import ArrayDataset
from apparel_eye.networks import backbones, device
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import Description, describe, restore, start, with_prefix, without_prefix
from apparel_eye.networks.device import Mode
from apparel_eye.networks.layer_groups import layer_groups, parameter_groups
from apparel_eye.networks.pretrained import pretrained_weights
from apparel_eye.parameters import HeadParameters, PhaseParameters, StageParameters, TrainParameters
from apparel_eye.training import loop, phases
from apparel_eye.training.features import compute_features
from apparel_eye.training.phases import head_task, train_mode

ENV = "cpu"
PARTS = ("a", "b", "c", "d", "e", "gpu")
NUM_FOLDS = 5
Modes = dict[str, Mode]
Weights = dict[str, NDArray[Any]]
EPOCH = {"num_cycles": 1, "cycle_epochs": 1, "cycle_multiplier": 2}


@dataclass(frozen=True)
class Ground:
    """What all parts stand on; a seed has a validation fold of its own.

    Attributes:
        raw: folder of photos and labels.
        data: folder for what is made of them.
        category: whose photos.
        num_photos: of the labelled ones at most; all if 0.
        repetitions: of each measurement.
        seeds: of each training that is scored.
        docs: folder for the figure.
    """

    raw: Path
    data: Path
    category: str
    num_photos: int
    repetitions: int
    seeds: int
    docs: Path

    @cached_property
    def values(self) -> list[str]:
        """Names of the labels."""
        return ingested(self.raw, self.data, ENV, self.category)[1]

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """The labelled photos."""
        table = ingested(self.raw, self.data, ENV, self.category)[0]
        labelled = table[table["role"] == "labelled"].reset_index(drop=True)
        return labelled.head(self.num_photos) if self.num_photos else labelled

    @cached_property
    def weights(self) -> Weights:
        """Of the pretrained backbone."""
        train = self.train()
        return with_prefix(pretrained_weights(train.backbone, train.pretrained, train.seed))

    @cached_property
    def modes(self) -> Modes:
        """What this machine is faster with."""
        return device.modes(self.train(), without_prefix(self.weights))

    def train(self, seed: int = 0, **changed: Any) -> TrainParameters:
        """Parameters of the environment, with a state that is not saved within an epoch."""
        of_seed = changed_parameters(ENV, seed % NUM_FOLDS, SMALLER)
        return of_seed.train.model_copy(update={"save_every_steps": 10**9, "seed": seed + 1, **changed})

    def subsets(self, seed: int = 0) -> Subsets:
        """Which photos train and which validate."""
        split = changed_parameters(ENV, seed % NUM_FOLDS, SMALLER).split
        return Subsets(assign_subsets(self.manifest, self.values, split))

    def decoded(self, size: tuple[int, int], manifest: pd.DataFrame | None = None) -> NDArray[np.uint8]:
        """Photos at a size, memory-mapped, made anew as a run does it."""
        parameters = changed_parameters(ENV, 0, SMALLER)
        kept = ArrayDataset(str(self.data / "train" / f"{size[0]}x{size[1]}.npy"))
        keys, checksums = ((self.manifest if manifest is None else manifest)[name] for name in ("image_key", "sha256"))
        folder, limits = RawFolder(self.raw, ()), parameters.ingest.photos
        for share_of_batch in decode(folder, keys.tolist(), checksums.tolist(), size, parameters.train.resize, limits):
            kept.save(share_of_batch)
        return kept.load()

    def start(self, train: TrainParameters, size: Sequence[int], subsets: Subsets, weights: Weights) -> Checkpoint:
        """A network before training: weights of the backbone, a random head."""
        description = describe(train, self.category, self.values, size, subsets.seen_values)
        return Checkpoint.single(
            backbones.state(start(description, weights, train.seed)), description.model_dump(mode="json")
        )


def main() -> None:
    """Measure the parts, and write all that were ever measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--data", type=Path, help="kept between calls; a temporary folder if left out")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--category", default="skirt_length")
    parser.add_argument("--num-photos", type=int, default=0, help="labelled ones at most, for a quick look; 0: all")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3, help="of part e")
    parser.add_argument("--docs", type=Path, default=PROJECT / "docs")
    options = vars(parser.parse_args())
    parts = options.pop("parts")
    logging.getLogger("apparel_eye").setLevel(logging.ERROR)  # two validation photos are warned of
    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as temporary:
        data = (options.pop("data") or Path(temporary)).resolve()
        ground = Ground(**{**options, "raw": options["raw"].resolve()}, data=data)
        sections = data / "train"
        sections.mkdir(parents=True, exist_ok=True)
        for share_of_batch in parts:
            started = time.perf_counter()
            (sections / f"{share_of_batch}.md").write_text(MEASURES[share_of_batch](ground))
            print(f"part {share_of_batch}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        written = [sections / f"{share_of_batch}.md" for share_of_batch in PARTS]
        text = "\n".join([header(ground), *(path.read_text() for path in written if path.exists())])
    (options["docs"] / "train_cost.md").write_text(text)
    print(text)


def header(ground: Ground) -> str:
    """What was measured on what."""
    command = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return (
        f"# Training: what it costs\n\n`python benchmarks/train.py RAW`: {len(ground.manifest)} photos of "
        f"`{ground.category}`, {os.cpu_count()} cores, torch {torch.__version__}, at commit {commit}. Rivals alternate "
        f"within a repetition; given are median and range of {ground.repetitions} repetitions unless said otherwise.\n"
    )


# ---- (a), (gpu): against the limit


def measure_limit(ground: Ground) -> str:
    """EfficientNet-Lite0 at two sizes."""
    rows = [limit_row(ground, ground.train(), ground.weights, ground.modes, size) for size in (128, 224)]
    return (
        f"## Fine-tuning and the limit\n\nAll layers of {ground.train().backbone}, batches of "
        f"{ground.train().batch_size}, on memory-mapped photos with drawn views, without validation, against the same "
        f"steps on random tensors in memory; {said(ground.modes['train'])}.\n\n{table(rows)}"
    )


def measure_gpu(ground: Ground) -> str:
    """ResNeXt-101 on a GPU."""
    title = "## Fine-tuning ResNeXt-101 on a GPU\n\n"
    if not torch.cuda.is_available():
        return title + "Left out: torch finds no GPU here.\n"
    train = ground.train(backbone="resnext101_64x4d", pretrained="none")
    weights = pretrained_weights(train.backbone, train.pretrained, train.seed)
    modes = device.modes(train, weights)
    rows = [limit_row(ground, train, with_prefix(weights), modes, size) for size in (224, 299, 512)]
    return f"{title}{torch.cuda.get_device_name()}, {said(modes['train'])}, random weights.\n\n{table(rows)}"


def limit_row(ground: Ground, train: TrainParameters, weights: Weights, modes: Modes, side: int) -> dict[str, str]:
    """Photos per second of both sides at a size, after an epoch that warms up."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    size = (side, side)
    subsets = few_judges(ground.subsets())
    pixels = ground.decoded(size)
    checkpoint = ground.start(train, size, subsets, weights)
    phase = PhaseParameters(learning_rate=1e-4, num_cycles=ground.repetitions + 1, cycle_epochs=1, cycle_multiplier=1)
    trained = phases.fine_tune(pixels, subsets, checkpoint, phase, augmentation(train), train, modes)
    limit = epochs_in_memory(checkpoint, train, modes["train"], subsets, size)
    next(trained)
    peak = torch.cuda.max_memory_allocated()  # before the limit takes any
    next(limit)
    seconds = [(next(trained).history[-1]["seconds"], next(limit)) for _ in range(ground.repetitions)]
    own, best = (len(subsets.train) / np.array(seconds)).T
    row = {"pixels": f"{side} x {side}", "photos/s": spread(own), "limit, photos/s": spread(best)}
    row["share of the limit"] = spread(own / best, 2)
    return row | ({"peak memory, GB": f"{peak / 1e9:.1f}"} if peak else {})


def epochs_in_memory(
    checkpoint: Checkpoint, train: TrainParameters, mode: Mode, subsets: Subsets, size: tuple[int, int]
) -> Iterator[float]:
    """Seconds of epochs of nothing but steps: batches of the same sizes, random, where they are computed."""
    model, _ = restore(checkpoint)
    mode.place(model)
    train_mode(model, train.freeze_statistics)
    groups = parameter_groups(model, train.layer_group_factors)
    optimizer = torch.optim.AdamW(groups, lr=1e-6, weight_decay=train.weight_decay)
    num_photos = len(subsets.train)
    targets = torch.from_numpy(subsets.train_targets).to(mode.where)
    photos = torch.rand(num_photos, 3, *size, device=mode.where)
    num_steps = -(-num_photos // train.batch_size)
    batches = [
        (mode.lay_out(share_of_batch), wanted)
        for share_of_batch, wanted in zip(photos.tensor_split(num_steps), targets.tensor_split(num_steps), strict=True)
    ]
    while True:
        wait()
        started = time.perf_counter()
        for batch, wanted in batches:
            optimizer.zero_grad()
            with mode.autocast():
                logits = model(batch)
            functional.cross_entropy(logits.float(), wanted).backward()
            optimizer.step()
        wait()
        yield time.perf_counter() - started


# ---- (b): against fastai


def measure_fastai(ground: Ground, side: int = 128, rate: float = 2e-3) -> str:
    """The same training, each side as fast as it can, and both in plain float32."""
    title = "## Fine-tuning and fastai\n\n"
    python = fastai_environment(ground.data / "fastai")
    if python is None:
        return title + "Left out: fastai could not be installed here; the error stream says why.\n"
    cycles = {"num_cycles": 2, "cycle_epochs": 1}
    # the write-up's head, which is fastai's; statistics are trained, as fastai does
    changed = {"head": write_ups_head(ground), "freeze_statistics": False}
    phase = PhaseParameters(learning_rate=rate, cycle_multiplier=2, **cycles)
    asked = common_request(ground, ground.train(**changed), side, rate) | cycles
    plain_mode = Mode(ground.modes["train"].device, "float32", "contiguous")
    plain = {"predict": plain_mode, "train": plain_mode}
    measured: dict[str, list[tuple[float, ...]]] = {"best": [], "helped": [], "plain": []}
    with Rival(python) as rival, Rival(python, **KEEP_FREED_MEMORY) as helped:
        best = fastest_setup(rival, asked | EPOCH | photos_of(ground, 0))
        for seed in range(ground.repetitions):
            train, subsets = ground.train(seed, **changed), ground.subsets(seed)
            its = asked | best | photos_of(ground, seed)
            own = train_own(ground, train, subsets, ground.modes, phase, side)
            measured["best"].append((*own, *rival.ask(its).values()))
            measured["helped"].append((*own, *helped.ask(its).values()))
            own = train_own(ground, train, subsets, plain, phase, side)
            measured["plain"].append((*own, *rival.ask(its | {"mode": "float32 contiguous"}).values()))
    names = {
        "best": "each at its best",
        "helped": "likewise, with our setting of glibc for fastai, too",
        "plain": "both in plain float32",
    }
    rows = [fastai_row(ground, names[name], phase, np.array(numbers)) for name, numbers in measured.items()]
    return (
        f"{title}{phase.epochs} epochs of all layers at {side} x {side} pixels from the same backbone and a random "
        f"head, batches of {ground.train().batch_size}, AdamW at {rate:g} times "
        f"{list(ground.train().layer_group_factors)}, zoom, rotation, mirroring and light, a validation after each "
        f"epoch; we decode once, fastai in each epoch, and both times count. At its best: ours is "
        f"{said(ground.modes['train'])}, fastai {FASTAI} {best['mode']} with {best['workers']} workers. "
        f"Seeds have validation folds of their own.\n\n{table(rows)}"
    )


def fastai_row(ground: Ground, name: str, phase: PhaseParameters, numbers: NDArray[np.float64]) -> dict[str, str]:
    """Speeds and accuracies of a pair of setups, from columns of seconds and accuracy of both sides."""
    own, own_accuracy, its, its_accuracy = numbers.T
    photos = phase.epochs * len(ground.subsets().train)
    return {
        "": name,
        "photos/s": spread(photos / own),
        "fastai, photos/s": spread(photos / its),
        "times as fast": spread(its / own, 2),
        "accuracy, mean": f"{own_accuracy.mean():.3f}",
        "fastai, mean": f"{its_accuracy.mean():.3f}",
        "difference, mean and range": f"{spread(own_accuracy - its_accuracy, 3, np.mean)}",
    }


def train_own(
    ground: Ground, train: TrainParameters, subsets: Subsets, modes: Modes, phase: PhaseParameters, side: int
) -> tuple[float, float]:
    """Seconds, decoding and validation among them, and the accuracy after the last epoch."""
    checkpoint = ground.start(train, (side, side), subsets, ground.weights)
    started = time.perf_counter()
    pixels = ground.decoded((side, side))
    trained = last(phases.fine_tune(pixels, subsets, checkpoint, phase, augmentation(train), train, modes))
    return time.perf_counter() - started, trained.history[-1]["accuracy"]


def common_request(ground: Ground, train: TrainParameters, side: int, rate: float) -> dict[str, Any]:
    """What ``fastai_rival.py`` is asked for each time."""
    subsets = ground.subsets()
    model, description = restore(ground.start(train, (side, side), subsets, ground.weights))
    early = layer_groups(model, len(train.layer_group_factors))[0]
    weights = ground.data / "train" / "backbone.safetensors"
    save_file({name: np.ascontiguousarray(array) for name, array in without_prefix(ground.weights).items()}, weights)
    return {
        "do": "train",
        "folder": str(ground.raw),
        "values": ground.values,
        "backbone": train.backbone,
        "weights": str(weights),
        "early": [name.removeprefix("backbone.") for name in early],
        "mean": description.mean,
        "std": description.std,
        "size": side,
        "batch_size": train.batch_size,
        "weight_decay": train.weight_decay,
        "rates": [rate * factor for factor in train.layer_group_factors],
        "augmentation": augmentation(train).model_dump(),
    }


def photos_of(ground: Ground, seed: int) -> dict[str, Any]:
    """The photos of a seed for ``fastai_rival.py``."""
    subsets, keys = ground.subsets(seed), ground.manifest["image_key"]
    targets = np.concatenate([subsets.train_targets, np.argmax(subsets.validation_label_strings == "y", axis=1)])
    rows = [*((row, False) for row in subsets.train), *((row, True) for row in subsets.validation)]
    photos = [
        (keys.iloc[row], ground.values[target], judges) for (row, judges), target in zip(rows, targets, strict=True)
    ]
    return {"photos": photos, "seed": seed}


# ---- (c): cached features


def measure_cache(ground: Ground, side: int = 224) -> str:
    """The default head, and the write-up's."""
    rows = [
        {"head": "default", **cache_row(ground, ground.train(), side)},
        {"head": "the write-up's", **cache_row(ground, ground.train(head=write_ups_head(ground)), side)},
    ]
    return (
        f"## An epoch of the head\n\nWith cached features, and through the frozen backbone; "
        f"{len(ground.subsets().train)} photos of {side} x {side} pixels.\n\n{table(rows)}"
    )


def write_ups_head(ground: Ground) -> HeadParameters:
    """From random weights."""
    changed = {"pooling": "averages", "hidden": (512,), "linear_fit": 0.0}
    return ground.train().head.model_copy(update=changed)


def cache_row(ground: Ground, train: TrainParameters, side: int, epochs: int = 5) -> dict[str, str]:
    """Epochs of the same head with the same settings on the same photos, with and without the backbone."""
    subsets, size = few_judges(ground.subsets()), (side, side)
    pixels = ground.decoded(size)
    description = describe(train, ground.category, ground.values, size, subsets.seen_values)
    model = start(description, ground.weights, train.seed)
    parts = compute_features(pixels, subsets, model, 1, augmentation(train), train, ground.modes["predict"])
    features = np.concatenate([share_of_batch.rows for share_of_batch in parts])
    cached = head_epochs(ground, train, subsets, description, features, None, epochs * (ground.repetitions + 1))
    frozen = head_epochs(ground, train, subsets, description, features, pixels, ground.repetitions + 1)
    seconds = np.array(
        [(next(frozen), np.mean([next(cached) for _ in range(epochs)])) for _ in range(ground.repetitions + 1)]
    )
    through, kept = seconds[1:].T
    return {
        "through the backbone, s": spread(through, 2),
        "cached, s": spread(kept, 3),
        "times as fast": spread(through / kept, 0),
    }


def head_epochs(
    ground: Ground,
    train: TrainParameters,
    subsets: Subsets,
    description: Description,
    features: NDArray[np.float16],
    pixels: NDArray[np.uint8] | None,
    num_epochs: int,
) -> Iterator[float]:
    """Seconds of epochs of the head on cached features or, given pixels, on what the frozen backbone makes of them."""
    model, mode = start(description, ground.weights, train.seed), ground.modes["predict"]
    mode.place(model)
    task = head_task(model, description, features, subsets, train, mode.device)

    def through_backbone(photos: torch.Tensor, positions: Rows, epoch: int) -> torch.Tensor:
        drawn = transforms.draw(train.seed, epoch, subsets.train[positions], augmentation(train))
        with torch.no_grad(), mode.autocast():
            return model.features(mode.lay_out(transforms.render(photos, drawn))).float()

    if pixels is not None:
        task = replace(task, read=lambda rows: read(pixels, subsets.train[rows], mode.where), inputs=through_backbone)
    phase = PhaseParameters(learning_rate=1e-4, num_cycles=num_epochs, cycle_epochs=1, cycle_multiplier=1)
    for event in loop.train(task, phase, train):
        assert event.row is not None
        yield event.row["seconds"]


# ---- (d): against photos and pixels


def measure_growth(ground: Ground, side: int = 128) -> str:
    """Seconds of a stage for more photos, and for larger ones."""
    shares, sides = (0.25, 0.5, 0.75, 1.0), (96, 128, 160, 192)
    seconds: dict[tuple[float, int], list[dict[str, float]]] = {}
    for _ in range(ground.repetitions):
        for share, pixels in [*((share, side) for share in shares), *((0.33, pixels) for pixels in sides)]:
            seconds.setdefault((share, pixels), []).append(stage_seconds(ground, share, pixels))
    all_photos = len(ground.manifest)
    growth = {
        "photos": {share * all_photos: seconds[share, side] for share in shares},
        "thousand pixels a photo": {pixels**2 / 1000: seconds[0.33, pixels] for pixels in sides},
    }
    lines = "".join(f"* {said_growth(name, costs)}\n" for name, costs in growth.items())
    growth_figure(growth).savefig(ground.docs / "train_cost.png")
    return (
        f"## A stage against photos and pixels\n\nDecoding, features of 2 views, 3 epochs of the head and 1 of all "
        f"layers; photos vary at {side} x {side} pixels, pixels with {round(0.33 * all_photos)} photos.\n\n{lines}\n"
        f"![Seconds of a stage by photos and by pixels](train_cost.png)\n"
    )


def stage_seconds(ground: Ground, share: float, side: int) -> dict[str, float]:
    """Of each step of a stage on a share of the photos."""
    head = PhaseParameters(learning_rate=1e-4, num_cycles=2, cycle_epochs=1, cycle_multiplier=2)
    all_layers = PhaseParameters(learning_rate=1e-4, **EPOCH)
    how = StageParameters(size=(side, side), num_views=2, head=head, all=all_layers)
    manifest, subsets = part_of(ground.manifest, ground.subsets(), share)
    return run_stage(ground, ground.train(), manifest, subsets, ground.weights, how)[1]


def said_growth(name: str, costs: dict[float, list[dict[str, float]]]) -> str:
    """How well a line fits, and the exponent of a power."""
    amounts = np.repeat(list(costs), [len(runs) for runs in costs.values()])
    totals = np.array([sum(run.values()) for runs in costs.values() for run in runs])
    slope, constant = np.polyfit(amounts, totals, 1)
    rest = totals - (slope * amounts + constant)
    exponent = np.polyfit(np.log(amounts), np.log(totals), 1)[0]
    return (
        f"{name}, {min(costs):.0f} to {max(costs):.0f}: {constant:.1f} s + {1000 * slope:.1f} ms each, R² "
        f"{1 - rest.var() / totals.var():.3f}; as a power, the exponent is {exponent:.2f}"
    )


def growth_figure(growth: dict[str, dict[float, list[dict[str, float]]]]) -> Figure:
    """Medians of each step, one on the other, and every total."""
    figure = Figure(figsize=(10, 4), dpi=110, layout="constrained")
    colors = ["#b8c0c4", "#1f6f8b", "#7a5195", "#d97b29"]
    for axes, (name, costs) in zip(figure.subplots(1, 2), growth.items(), strict=True):
        stepper = list(next(iter(costs.values()))[0])
        medians = [[np.median([run[step] for run in runs]) for runs in costs.values()] for step in stepper]
        axes.stackplot(list(costs), medians, labels=stepper, colors=colors)
        for amount, runs in costs.items():
            axes.plot([amount] * len(runs), [sum(run.values()) for run in runs], "k.", markersize=3)
        axes.set(xlabel=name, ylabel="seconds", xlim=(0, None), ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(
            *(reversed(entries) for entries in axes.get_legend_handles_labels()), frameon=False, loc="upper left"
        )
    return figure


def part_of(manifest: pd.DataFrame, subsets: Subsets, share: float) -> tuple[pd.DataFrame, Subsets]:
    """The first photos that train and the first that validate."""
    num_train, num_validation = (max(8, round(share * len(rows))) for rows in (subsets.train, subsets.validation))
    rows = np.concatenate([subsets.train[:num_train], subsets.validation[:num_validation]])
    return manifest.iloc[rows], Subsets(subsets.table.iloc[rows].reset_index(drop=True))


# ---- (e): growing sizes


def measure_sizes(ground: Ground, sides: Sequence[int] = (64, 96, 128)) -> str:
    """Three growing sizes against the last alone, with as many epochs as take the same time."""
    phase = PhaseParameters(learning_rate=1e-4, num_cycles=2, cycle_epochs=1, cycle_multiplier=2)
    scores: dict[str, list[dict[str, float]]] = {"growing": [], "last size alone": []}
    epochs = []
    for seed in range(ground.seeds):
        train, subsets, weights = ground.train(seed), ground.subsets(seed), ground.weights
        total, stepper, row = 0.0, {}, {}
        for side in sides:
            how = StageParameters(size=(side, side), num_views=4, head=phase, fine_tune=phase)
            checkpoint, stepper = run_stage(ground, train, ground.manifest, subsets, weights, how)
            weights, row, total = (
                dict(checkpoint.of("best")),
                dict(checkpoint.history[-1]),
                total + sum(stepper.values()),
            )
        scores["growing"].append(row | {"seconds": total})
        left = total - sum(stepper.values()) + stepper["all layers"]
        epochs.append(max(1, round(left / (stepper["all layers"] / phase.epochs))))
        longer = how.model_copy(
            update={"fine_tune": PhaseParameters(**phase.model_dump() | EPOCH | {"cycle_epochs": epochs[-1]})}
        )
        checkpoint, stepper = run_stage(ground, train, ground.manifest, subsets, ground.weights, longer)
        scores["last size alone"].append(dict(checkpoint.history[-1]) | {"seconds": sum(stepper.values())})
    names = {"accuracy": 3, "basic_precision": 3, "average_precision": 3, "seconds": 0}
    rows = [
        {"": name}
        | {column: spread([run[column] for run in runs], digits, np.mean) for column, digits in names.items()}
        for name, runs in scores.items()
    ]
    return (
        f"## Growing sizes and the last size alone\n\n{ground.seeds} seeds, each with a validation fold of its own; "
        f"mean and range after the last epoch. Growing: {', '.join(map(str, sides))} pixels, {phase.epochs} epochs of "
        f"the head and of all layers each. Alone: {phase.epochs} and {', '.join(map(str, epochs))} epochs, the latter "
        f"in one cycle.\n\n{table(rows)}"
    )


# ---- shared


def run_stage(
    ground: Ground,
    train: TrainParameters,
    manifest: pd.DataFrame,
    subsets: Subsets,
    weights: Weights,
    how: StageParameters,
) -> tuple[Checkpoint, dict[str, float]]:
    """What a stage ends with, and the seconds of its steps."""
    assert not isinstance(how.size, int)
    label_strings = [time.perf_counter()]
    pixels = ground.decoded(how.size, manifest)
    label_strings.append(time.perf_counter())
    description = describe(train, ground.category, ground.values, how.size, subsets.seen_values)
    model = start(description, weights, train.seed)
    views_of = (how.num_views, augmentation(train), train, ground.modes["predict"])
    features = np.concatenate(
        [share_of_batch.rows for share_of_batch in compute_features(pixels, subsets, model, *views_of)]
    )
    label_strings.append(time.perf_counter())
    where = ground.modes["train"].device
    head = last(phases.train_head(features, subsets, description, weights, how.head, train, where))
    label_strings.append(time.perf_counter())
    tuned = last(phases.fine_tune(pixels, subsets, head, how.all, augmentation(train), train, ground.modes))
    label_strings.append(time.perf_counter())
    return tuned, dict(
        zip(("decoding", "features", "head", "all layers"), np.diff(label_strings).tolist(), strict=True)
    )


def augmentation(train: TrainParameters) -> Any:
    """With a zoom, so that all transforms are at work."""
    return train.augmentation.model_copy(update={"max_zoom": 1.1})


def few_judges(subsets: Subsets) -> Subsets:
    """One validation photo of each part, so that an epoch's time is that of training."""
    _, judges = np.unique(subsets.validation_halves, return_index=True)
    subset = subsets.table["subset"].replace("validation", "unused")
    subset.iloc[subsets.validation[judges]] = "validation"
    return Subsets(subsets.table.assign(subset=subset))


def said(mode: Mode) -> str:
    """A mode in words."""
    return f"{mode.device}, {mode.precision}, {mode.memory_format}"


def spread(numbers: Sequence[float] | NDArray[np.float64], digits: int = 1, middle: Any = np.median) -> str:
    """The middle and the range."""
    return f"{middle(numbers):.{digits}f} ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})"


def table(rows: list[dict[str, str]]) -> str:
    """Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def wait() -> None:
    """Until the accelerator has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


MEASURES = {
    "a": measure_limit,
    "b": measure_fastai,
    "c": measure_cache,
    "d": measure_growth,
    "e": measure_sizes,
    "gpu": measure_gpu,
}


if __name__ == "__main__":
    main()
