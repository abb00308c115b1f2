"""Heads on activations against each other and against the network, on validation photos of several runs.

    python benchmarks/heads.py OUT DATA [DATA ...] [--categories skirt_length] [--variants NAME ...]

Each DATA is the output root of a run of the whole flow whose activations are full maps (activations.reduction=map);
runs of other seeds have validation folds of their own. A head is fitted on the training folds and predicts the
validation fold; a variant is the environment's parameters with some changed. One JSON line per fit is appended to
OUT/heads.jsonl, its probabilities stand in OUT/heads/, and what is there is not fitted again. Printed are tables:
scores, seconds and megabytes per variant, means and ranges over the seeds; and blends of the columns, cross-fitted.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import OmegaConf

from apparel_eye import metrics
from apparel_eye.attributes import ordered_values
from apparel_eye.blending import cross_fit_blend
from apparel_eye.boosting import bags, logistic, perceptron, pooling, xgboost_head
from apparel_eye.boosting.fitted import load_head
from apparel_eye.boosting.heads import cross_predict
from apparel_eye.calibration import cross_fit
from apparel_eye.parameters import BoostParameters
from apparel_eye.subsets import Subsets, make_subsets
from apparel_eye.tables import probabilities_of

PROJECT = Path(__file__).parents[1]
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "logistic regression, averages": ("logistic", {"pooling": "averages"}),
    "logistic regression, rows": ("logistic", {}),
    "logistic regression, full map": ("logistic", {"logistic.features": "map"}),
    "small network, averages": ("perceptron", {"pooling": "averages"}),
    "small network, rows": ("perceptron", {}),
    "small network, full map": ("perceptron", {"perceptron.features": "map"}),
    "XGBoost, averages": ("xgboost", {"pooling": "averages"}),
    "XGBoost, grid": ("xgboost", {"pooling": "grid"}),
    "XGBoost, rows": ("xgboost", {}),
    "XGBoost, rows, order": ("xgboost", {"xgboost.objective": "order"}),
    "XGBoost, rows, early stop": ("xgboost", {"xgboost.kept_share": 0.1}),
    "XGBoost, full map": ("xgboost", {"xgboost.features": "map", "xgboost.block_columns": 0.005}),
    "bags by weights": ("bags", {"bags.importance": "weights"}),
    "bags by gradient": ("bags", {"bags.importance": "gradient"}),
    "bags by gain": ("bags", {"bags.importance": "gain"}),
}
NETWORK = {"network": "plain", "network, TTA": "tta"}
BLENDS = {
    "TTA + XGBoost": ("network, TTA", "XGBoost, rows"),
    "TTA + bags": ("network, TTA", "bags by gain"),
    "TTA + XGBoost + bags": ("network, TTA", "XGBoost, rows", "bags by gain"),
    "TTA + XGBoost + logistic": ("network, TTA", "XGBoost, rows", "logistic regression, rows"),
    "TTA + XGBoost by order": ("network, TTA", "XGBoost, rows, order"),
    "XGBoost + bags": ("XGBoost, rows", "bags by gain"),
}
SCORES = ("accuracy", "within_one_step", "log_loss", "basic_precision", "average_precision")


class Ground:
    """A category of a run.

    Args:
        data: output root.
        category: of it.
    """

    def __init__(self, data: Path, category: str) -> None:
        self.data, self.category = data, category
        self.primary, self.output = (data / layer / category for layer in ("03_primary", "07_model_output"))
        self.values: list[str] = json.loads((self.primary / "values.json").read_text())
        self.manifest = pd.read_parquet(self.primary / "manifest.parquet")
        self.subsets: Subsets = make_subsets(
            self.manifest, pd.read_parquet(self.primary / "folds.parquet"), self.values
        )
        self.activations = np.load(data / "04_feature" / category / "activations.npy", mmap_mode="r")

    @cache  # noqa: B019, there are few
    def pooled(self, name: str) -> NDArray[np.float32]:
        """Activations pooled for heads."""
        return np.concatenate([part.rows for part in pooling.pool(self.activations, name)])

    def of_network(self, column: str) -> NDArray[np.float64]:
        """The network's probabilities of the validation photos."""
        table = pd.read_parquet(self.output / "network_probabilities.parquet")
        return probabilities_of(table, column, self.manifest["image_key"].iloc[self.subsets.validation])

    def scores(self, raw: NDArray[np.float64]) -> dict[str, float]:
        """Of a column, calibrated by the other part of the validation photos."""
        subsets = self.subsets
        honest = cross_fit(raw, subsets.validation_marks, subsets.validation_parts, subsets.present)
        return self.scores_of(honest)

    def scores_of(self, honest: NDArray[np.float64]) -> dict[str, float]:
        """Of probabilities as they are."""
        found = metrics.all_scores(honest, self.subsets.validation_marks, ordered_values(self.category, self.values))
        return {name: found[name] for name in SCORES}


def main() -> None:
    """Fit what has not been fitted, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--categories", nargs="+", default=["skirt_length"])
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=VARIANTS)
    arguments = parser.parse_args()
    (arguments.out / "heads").mkdir(parents=True, exist_ok=True)
    lines = arguments.out / "heads.jsonl"
    known = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    done = {(row["variant"], row["category"], row["seed"]) for row in known}
    for category in arguments.categories:
        for seed, data in enumerate(arguments.data):
            ground = Ground(data, category)
            for variant in arguments.variants:
                if (variant, category, seed) not in done:
                    row = {"variant": variant, "category": category, "seed": seed}
                    row |= fit_and_score(ground, variant, _file(arguments.out, variant, category, seed))
                    print(row, flush=True)
                    with lines.open("a") as file:
                        file.write(json.dumps(row) + "\n")
    table = pd.read_json(lines, lines=True)
    table = pd.concat([table, *others(arguments.out, arguments.data, arguments.categories, table)], ignore_index=True)
    print("\n".join(markdown(table[table["category"].isin(arguments.categories)])))


def fit_and_score(ground: Ground, variant: str, file: Path) -> dict[str, float]:
    """Fit a head, keep its validation probabilities, and score them."""
    head, changed = VARIANTS[variant]
    boost = changed_parameters(changed)
    features, megabytes = features_of(ground, head, boost)
    shape = ground.activations.shape[2:]
    fit: dict[str, Callable[[Any], Any]] = {
        "xgboost": lambda examples: xgboost_head.fit(examples, boost.xgboost),
        "bags": lambda examples: bags.fit(examples, shape, boost.bags),
        "logistic": lambda examples: logistic.fit(examples, boost.logistic.C, boost.logistic.max_iterations),
        "perceptron": lambda examples: perceptron.fit(examples, boost.perceptron),
    }
    groups = ground.manifest["group"].to_numpy()
    started = time.perf_counter()
    _, validation, _ = cross_predict(
        fit[head], partial(load_head, head), features, ground.subsets, groups, boost.weights, refit=False
    )
    seconds = time.perf_counter() - started
    np.save(file, validation)
    return {**ground.scores(validation), "seconds": seconds, "megabytes": megabytes}


def features_of(ground: Ground, head: str, boost: BoostParameters) -> tuple[NDArray[np.floating], float]:
    """What a head is fitted on, and its megabytes on disk."""
    if head == "bags" or getattr(boost, head).features == "map":
        features = ground.activations.reshape(*ground.activations.shape[:2], -1)
    else:
        features = ground.pooled(boost.pooling)
    return features, features.nbytes / 1e6


def others(out: Path, data: list[Path], categories: list[str], table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The network's columns, and blends of what has been fitted."""
    for category in categories:
        for seed, folder in enumerate(data):
            ground = Ground(folder, category)
            raw = {name: ground.of_network(column) for name, column in NETWORK.items()}
            scored = {name: ground.scores(column) for name, column in raw.items()}
            fitted = table[(table["category"] == category) & (table["seed"] == seed)]["variant"]
            raw |= {variant: np.load(_file(out, variant, category, seed)) for variant in fitted}
            subsets = ground.subsets
            for name, members in BLENDS.items():
                if set(members) <= set(raw):
                    columns = {member: raw[member] for member in members}
                    marks, parts = subsets.validation_marks, subsets.validation_parts
                    blended = cross_fit_blend(columns, marks, parts, subsets.present)
                    scored[f"blend: {name}"] = ground.scores_of(blended)
            rows = [{"variant": name, "category": category, "seed": seed, **row} for name, row in scored.items()]
            yield pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> Iterator[str]:
    """A line per variant: means over categories and seeds, and in brackets the range over the seeds."""
    measures = [*SCORES, "seconds", "megabytes"]
    yield f"| variant | {' | '.join(measure.replace('_', ' ') for measure in measures)} |"
    yield "| --- " * (1 + len(measures)) + "|"
    names = [*NETWORK, *VARIANTS, *(f"blend: {name}" for name in BLENDS)]
    for variant in chain(names):
        of_variant = table[table["variant"] == variant]
        if of_variant.empty:
            continue
        by_seed = of_variant.groupby("seed")[measures].mean()
        cells = [
            f"{by_seed[name].mean():.3f} ({by_seed[name].min():.3f} to {by_seed[name].max():.3f})" for name in SCORES
        ]
        costs = [
            "" if by_seed[name].isna().any() else f"{by_seed[name].mean():.0f}" for name in measures[len(SCORES) :]
        ]
        yield f"| {variant} | {' | '.join([*cells, *costs])} |"


def changed_parameters(changed: dict[str, Any]) -> BoostParameters:
    """Those of the environment ``base``, some changed."""
    tree = OmegaConf.load(PROJECT / "conf" / "base" / "parameters" / "boost.yml")["boost"]
    for key, value in changed.items():
        OmegaConf.update(tree, key, value)
    return BoostParameters.model_validate(OmegaConf.to_container(tree))


def _file(out: Path, variant: str, category: str, seed: int) -> Path:
    return out / "heads" / f"{category} {seed} {variant}.npy"


if __name__ == "__main__":
    main()
