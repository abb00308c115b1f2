"""The recipe's parts against each other, on validation photos of a raw folder: same photos, same seeds.

    python benchmarks/recipe.py RAW DATA [--categories skirt_length] [--variants NAME ...] [--env cpu]

Each variant is the environment with smaller sizes and some parameters changed; its network is trained once per category
and seed, and a seed has its own validation fold. One JSON line per training is appended to DATA/recipe.jsonl, and what
stands there is not trained again. Printed is a table: mean over categories of the ``tta`` candidate's basic and average
precision, the range over the seeds, and seconds. Epochs are cross-fitted as in a run: no photo is scored by a choice it
took part in.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kedro.config import OmegaConfigLoader

from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.subsets import Subsets, assign_subsets
from apparel_eye.metrics import official
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.parameters import STAGES, ComputingParameters, FeatureParameters, ProjectParameters
from apparel_eye.pipelines.infer.nodes import predict_photos
from apparel_eye.pipelines.train import nodes
from apparel_eye.settings import CONFIG_LOADER_ARGS
from apparel_eye.training import schedule
from apparel_eye.training.phases import NOTHING_YET

PROJECT = Path(__file__).parents[1]
CONSTANT = "constant rate"
COSINE = schedule.cosine
FEATURES: dict[tuple[Any, ...], np.ndarray] = {}
"""Of frozen backbones, by what they are made from; many variants share them."""
SMALLER: dict[str, Any] = {
    "stages.small.size": 12288,
    "stages.medium.size": 24576,
    "stages.large.size": 55296,
    **{f"stages.{stage}.num_views": 2 for stage in STAGES},
}
"""Than the environment's: sixty-six trainings of its own sizes would take a day on two cores."""
HEAD_ONLY = {f"stages.{stage}.fine_tune.num_cycles": 0 for stage in STAGES}
RATE_OF_HEADS = {f"stages.{stage}.head.learning_rate": 1.0e-3 for stage in STAGES}
"""For heads from random weights."""
ONE_CYCLE = {"num_cycles": 1, "cycle_epochs": 3, "cycle_multiplier": 1}
LAST_SIZE = 55296
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "the head alone": HEAD_ONLY,
    "rates [lr/100, lr/10, lr]": {"layer_group_factors": [0.01, 0.1, 1.0]},
    "rates [lr, lr, lr]": {"layer_group_factors": [1.0, 1.0, 1.0]},
    "learning rate from the finder": {"stages.small.fine_tune.learning_rate": "auto"},
    "one cycle of 3 epochs": {f"stages.small.fine_tune.{key}": value for key, value in ONE_CYCLE.items()},
    CONSTANT: {},
    "statistics that move": {"freeze_statistics": False},
    "averaged weights": {"weight_average": 0.9},
    "last size alone": {"stages.small.size": LAST_SIZE, "stages.medium.size": LAST_SIZE},
    "padded": {"resize": "pad"},
    "cropped": {"resize": "crop"},
    "head of averages": {"head.pooling": "averages"},
    "plain head": {"head.pooling": "mean"},
    "rows, one hidden layer": {"head.hidden": [512]},
    "rows, two hidden layers": {"head.hidden": [512, 512]},
    "rows from random weights": {"head.linear_fit": 0.0, **RATE_OF_HEADS},
    "the write-up's head": {
        "head.pooling": "averages",
        "head.hidden": [512],
        "head.linear_fit": 0.0,
        **RATE_OF_HEADS,
    },
    "label smoothing .1": {"loss.label_smoothing": 0.1},
    "m gets .3": {"loss.maybe_share": 0.3},
    "focal": {"loss.name": "focal"},
    "knows the order": {"loss.name": "earth_mover"},
    "values count alike": {"loss.class_balance": 1.0},
}


def main() -> None:
    """Train what has not been trained, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("raw", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--categories", nargs="+", default=["skirt_length"])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--env", default="cpu")
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    lines = arguments.data / "recipe.jsonl"
    known = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    done = {(row["variant"], row["category"], row["seed"]) for row in known}
    for variant in arguments.variants:
        for category in arguments.categories:
            for seed in range(arguments.seeds):
                if (variant, category, seed) in done:
                    continue
                schedule.cosine = (lambda progress: 1.0) if variant == CONSTANT else COSINE
                row = {"variant": variant, "category": category, "seed": seed}
                changed = {**SMALLER, **VARIANTS[variant]}
                row |= measure(arguments.raw, arguments.data, arguments.env, category, seed, changed)
                print(row, flush=True)
                with lines.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    table = pd.read_json(lines, lines=True)
    print("\n".join(markdown(table[table["variant"].isin(arguments.variants)])))


def measure(
    raw: Path,
    data: Path,
    env: str,
    category: str,
    seed: int,
    changed: dict[str, Any],
    thin: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
) -> dict[str, float]:
    """Train a network and score its candidates; ``thin`` may take photos out of the table of subsets."""
    parameters = changed_parameters(env, seed, changed)
    train = parameters.train
    manifest, values = ingested(raw, data, env, category)
    subsets = Subsets(thin(assign_subsets(manifest, values, parameters.split)))
    initial: Any = backbone(env, train.backbone, train.pretrained)
    modes = chosen_modes(env)
    started = time.perf_counter()
    for name in STAGES:
        stage = getattr(train.stages, name)
        pixels = decoded(raw, data, env, category, stage.size, train.resize)
        common = (pixels, subsets)
        views = (stage.size, stage.num_views, train.resize, str(train.augmentation), train.head.pooling)
        given = (category, seed, len(subsets.train), *views, of_backbone(initial))
        if given not in FEATURES:
            of_features = {name: getattr(train, name) for name in FeatureParameters.model_fields}
            computed = nodes.compute_features(
                *common, initial, modes, train.augmentation, stage.num_views, category, **of_features
            )
            FEATURES[given] = whole(computed)
        features, finder = FEATURES[given], train.finder
        head_rates = nodes.find_head_rate(features, *common, initial, modes, train, finder, stage.head, category)
        begun = (NOTHING_YET, modes, train)
        heads = nodes.train_head(features, *common, initial, head_rates, *begun, stage.head, category)
        head = last(heads)
        rates = nodes.find_rate(*common, head, modes, train, train.augmentation, finder, stage.fine_tune, category)
        tuned = nodes.fine_tune(*common, head, rates, *begun, train.augmentation, stage.fine_tune, category)
        initial = last(tuned)
    seconds = time.perf_counter() - started
    probabilities = predict_photos(initial, *common, modes, parameters.infer, train.augmentation, category)
    row: dict[str, float] = {"photos": len(subsets.validation), "seconds": seconds}
    return row | score_candidates(probabilities, subsets)


def score_candidates(probabilities: pd.DataFrame, subsets: Subsets) -> dict[str, float]:
    """Scores of each candidate on the validation photos, named by both."""
    row, keys = {}, subsets.keys_of(subsets.validation)
    for candidate, table in probabilities[probabilities["role"] == "validation"].groupby("candidate"):
        predicted = table.set_index("image_key").loc[keys].filter(regex=r"^p\d+$").to_numpy()
        measured = official.scores(predicted, subsets.validation_label_strings)
        row |= {f"{candidate}_{name}": score for name, score in measured.items()}
    return row


def markdown(table: pd.DataFrame) -> Iterator[str]:
    """Lines of a table: mean over categories and seeds, and the range over seeds, per variant."""
    columns = ["tta_basic_precision", "tta_average_precision", "tta_log_loss", "seconds"]
    per_seed = table.groupby(["variant", "seed"], sort=False)[columns].mean()
    yield f"| variant | {' | '.join(column.removeprefix('tta_').replace('_', ' ') for column in columns)} |"
    yield "| --- " * (1 + len(columns)) + "|"
    for variant, seeds in per_seed.groupby("variant", sort=False):
        cells = [
            f"{seeds[name].mean():.3f} ({seeds[name].min():.3f} to {seeds[name].max():.3f})" for name in columns[:-1]
        ]
        yield f"| {variant} | {' | '.join(cells)} | {seeds['seconds'].mean():.0f} |"


def changed_parameters(env: str, seed: int, changed: dict[str, Any]) -> ProjectParameters:
    """The environment's, with keys below ``train`` changed; each seed has a validation fold of its own."""
    tree = dict(OmegaConfigLoader(str(PROJECT / "conf"), env=env, **CONFIG_LOADER_ARGS)["parameters"])
    for key, value in {**changed, "seed": seed + 1}.items():
        *where, name = ["train", *key.split(".")]
        branch = tree
        for part in where:
            branch = branch[part]
        branch[name] = value
    tree["split"]["validation_fold"] = seed
    return ProjectParameters.model_validate(tree)


@cache
def ingested(raw: Path, data: Path, env: str, category: str) -> tuple[pd.DataFrame, list[str]]:
    """Manifest and values, by the project's own pipeline."""
    command = [sys.executable, "-m", "apparel_eye", "run", "--pipelines=ingest", f"--env={env}"]
    subprocess.run([*command, f"--params=raw={raw},data={data},category={category}"], cwd=PROJECT, check=True)
    primary = data / "03_primary" / category
    return pd.read_parquet(primary / "manifest.parquet"), json.loads((primary / "values.json").read_text())


@cache
def backbone(env: str, name: str, pretrained: str) -> Any:
    """Pretrained weights, the same for all seeds."""
    train = changed_parameters(env, 0, {}).train
    sizes = {stage: getattr(train.stages, stage).size for stage in STAGES}
    return nodes.fetch_backbone(name, pretrained, train.seed, train.accept_non_commercial, train.optimizer, **sizes)


@cache
def chosen_modes(env: str) -> Any:
    """What this machine is faster with."""
    train = changed_parameters(env, 0, {}).train
    computing = {name: getattr(train, name) for name in ComputingParameters.model_fields}
    return nodes.choose_modes(backbone(env, train.backbone, train.pretrained), **computing)


@cache
def decoded(raw: Path, data: Path, env: str, category: str, size: tuple[int, int] | int, resize: Any) -> np.ndarray:
    """Photos at a size, in memory."""
    parameters = changed_parameters(env, 0, {})
    manifest, _ = ingested(raw, data, env, category)
    train = parameters.train
    limits = parameters.ingest.photos
    return whole(nodes.resize_photos(RawFolder(raw, ()), manifest, limits, resize, train.backbone, size))


def of_backbone(initial: Any) -> str:
    """A checksum of the backbone's weights."""
    weights = initial.of("best") if isinstance(initial, Checkpoint) else initial
    digest = hashlib.sha256()
    for name in sorted(weights):
        if name.startswith("backbone."):
            digest.update(np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()


def whole(parts: Any) -> np.ndarray:
    """An array of its parts."""
    return np.concatenate([part.rows for part in parts])


def last(checkpoints: Any) -> Checkpoint:
    """What a training node ends with."""
    for checkpoint in checkpoints:
        final = checkpoint
    return final


if __name__ == "__main__":
    main()
