"""From how many photos on fine-tuning beats heads on frozen features.

    python benchmarks/learning_curve.py RAW DATA CATEGORY [--counts 80 160 320 640] [--seeds 3] [--last-size PIXELS]

The same validation photos are answered by networks that were trained on a growing part of the others, and by XGBoost
and logistic regression on rows of the pretrained backbone. Values keep their shares, small parts lie within large ones,
and a seed has its own validation fold. One JSON line per training is appended to DATA/curve.jsonl, and what stands
there is not trained again. Printed is a table, drawn is DATA/learning_curve.png, with all categories that stand there.
"""

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from recipe import backbone, changed_parameters, chosen_modes, ingested, measure, score_candidates, whole

from apparel_eye.activations.index import ALL, index_of
from apparel_eye.activations.pooling import pool
from apparel_eye.classifiers.registry import HEADS
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.subsets import Subsets, assign_subsets
from apparel_eye.pipelines.activations import nodes as activating
from apparel_eye.pipelines.boost.nodes import train
from apparel_eye.training.phases import NOTHING_YET

CANDIDATES = {"tta": "#1f6f8b", "logistic": "#e07b39", "xgboost": "#6b6b6b"}
SCORES = ("basic_precision", "average_precision")


def main() -> None:
    """Train what has not been trained, then print the table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("raw", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("category")
    parser.add_argument("--counts", nargs="+", type=int, default=[80, 160, 320, 640])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--env", default="cpu")
    parser.add_argument("--last-size", type=int, help="pixels of the last stage; default: as in the environment")
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    lines = arguments.data / "curve.jsonl"
    known = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    done = {(row["category"], row["wanted"], row["seed"], row["last_size"]) for row in known}
    for seed in range(arguments.seeds):
        for count in arguments.counts:
            key = {"category": arguments.category, "wanted": count, "seed": seed, "last_size": arguments.last_size}
            if tuple(key.values()) in done:
                continue
            row = key | one(arguments.raw, arguments.data, arguments.env, **key)
            print(row, flush=True)
            with lines.open("a") as file:
                file.write(json.dumps(row) + "\n")
    table = pd.read_json(lines, lines=True)
    print(*markdown(table), sep="\n")
    draw(table).savefig(arguments.data / "learning_curve.png", dpi=120)


def one(
    raw: Path, data: Path, env: str, category: str, wanted: int, seed: int, last_size: int | None
) -> dict[str, float]:
    """Scores of the network and of the heads on activations, all fitted on so many photos."""
    manifest, values = ingested(raw, data, env, category)
    dealt = assign_subsets(manifest, values, changed_parameters(env, seed, {}).split)
    subsets = Subsets(thinned(dealt, wanted, seed))
    changed = {} if last_size is None else {"stages.large.size": last_size}
    row = measure(raw, data, env, category, seed, changed, lambda _: subsets.table)
    parameters = changed_parameters(env, seed, changed)
    boost, refit = parameters.boost, False
    maps, pooled = activations_of(raw, data, env, category)
    of_photos = (maps, index_of(manifest), np.full(len(manifest), ALL), subsets)
    for name in ("logistic", "xgboost"):
        fit = train(HEADS[name])
        how = (getattr(boost, name), boost.weights, refit, pooled, chosen_modes(env))
        row |= score_candidates(fit(*of_photos, *how)[1], subsets)
    return {"count": len(subsets.train), **row}


def thinned(table: pd.DataFrame, wanted: int, seed: int) -> pd.DataFrame:
    """Subsets with so many photos to train on; the others are unused.

    Each photo gets its rank within its value, over the number of photos of that value: the smallest come first.
    """
    shuffled = table[table["subset"] == "train"].sample(frac=1, random_state=seed)
    by_value = shuffled.groupby("value", observed=True)
    order = (by_value.cumcount() + 0.5) / by_value["image_key"].transform("count")
    kept = shuffled["image_key"].to_numpy()[np.argsort(order.to_numpy(), kind="stable")[:wanted]]
    is_left = (table["subset"] == "train") & ~table["image_key"].isin(kept)
    return table.assign(subset=table["subset"].mask(is_left, "unused"))


@cache
def activations_of(raw: Path, data: Path, env: str, category: str) -> tuple[np.ndarray, np.ndarray]:
    """The pretrained backbone's last feature maps of all photos, and what is pooled of them."""
    parameters = changed_parameters(env, 0, {})
    train, activations = parameters.train, parameters.activations
    manifest, values = ingested(raw, data, env, category)
    limits = parameters.ingest.photos
    pixels = whole(
        activating.resize_photos(RawFolder(raw, ()), manifest, limits, train.resize, train.backbone, activations.size)
    )
    weights, modes = backbone(env, train.backbone, train.pretrained), chosen_modes(env)
    subsets = Subsets(assign_subsets(manifest, values, parameters.split))
    networks, network_of = activating.choose_networks(
        *(weights, NOTHING_YET, subsets, modes, activations.source, activations.held_out),
        *(train.augmentation, train, train.stages, train.finder, category),
    )
    how = (modes, activations, train.augmentation, train.backbone, category)
    maps = whole(activating.extract_activations(pixels, index_of(manifest), 0, networks, network_of, *how))
    return maps, whole(pool(maps, parameters.boost.pooling))


def markdown(table: pd.DataFrame) -> list[str]:
    """Lines of a table: mean over the seeds of each candidate's scores."""
    lines = [f"| category | photos to train on | {' | '.join(CANDIDATES)} |", "| --- " * (2 + len(CANDIDATES)) + "|"]
    for (category, count), rows in table.groupby(["category", "count"], sort=False):
        cells = [
            " / ".join(f"{rows[f'{candidate}_{score}'].mean():.3f}" for score in SCORES) for candidate in CANDIDATES
        ]
        lines.append(f"| {category} | {count} | {' | '.join(cells)} |")
    return lines


def draw(table: pd.DataFrame) -> Figure:
    """Both scores against photos to train on, a row of axes for each category; lines are means, marks are seeds."""
    categories = list(table["category"].unique())
    figure = Figure(figsize=(9, 3.2 * len(categories)), layout="constrained")
    axes: Any = figure.subplots(len(categories), len(SCORES), squeeze=False)
    for row, category in zip(axes, categories, strict=True):
        of_category = table[table["category"] == category]
        for ax, score in zip(row, SCORES, strict=True):
            for candidate, color in CANDIDATES.items():
                name = f"{candidate}_{score}"
                means = of_category.groupby("count")[name].mean()
                ax.plot(means.index, means, color=color, label=candidate)
                ax.scatter(of_category["count"], of_category[name], color=color, s=10)
            ax.set_xscale("log", base=2)
            ax.set_xticks(means.index, [str(count) for count in means.index])
            ax.minorticks_off()
            ax.set_title(f"{category}, {score.replace('_', ' ')}", fontsize=10)
            ax.set_xlabel("photos to train on")
            ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
