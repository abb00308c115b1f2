"""XGBoost with columns sampled by block against columns sampled by node, on the same activations.

    python benchmarks/boost_columns.py DATA CATEGORY

DATA is the output root of a finished run, whose pooled activations and subsets are read. Both fit on the
training folds and predict the validation fold, alternately, several times with other seeds; printed are scores and
seconds of each and the ratio of the seconds.
"""

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost
import yaml

from apparel_eye.classifiers import heads, xgboost_head
from apparel_eye.classifiers.registry import load_head
from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics import official
from apparel_eye.parameters import WeightParameters, XGBoostParameters


def main() -> None:
    """Print a line per variant and repetition, and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("category")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    primary, feature = (arguments.data / layer / arguments.category for layer in ("03_primary", "04_feature"))
    subsets = Subsets(pd.read_parquet(primary / "subsets.parquet"))
    features = np.load(feature / "pooled_activations.npy", mmap_mode="r")
    print(
        f"{arguments.category}: {len(subsets.train)} photos, {features.shape[1]} views, {features.shape[2]:,} columns"
    )
    settings = yaml.safe_load(Path("conf/base/boost/parameters.yml").read_text())["boost"]
    weights = WeightParameters(**settings["weights"])
    seconds: dict[str, list[float]] = {"by block": [], "by node": []}
    for seed in range(arguments.repetitions):
        parameters = XGBoostParameters(**{**settings["xgboost"], "num_models": 1, "seed": seed})
        variants: dict[str, Any] = {
            "by block": (partial(xgboost_head.fit, parameters=parameters), partial(load_head, "xgboost")),
            "by node": (partial(_by_node, parameters=parameters), lambda booster: booster.inplace_predict),
        }
        for name, (fit, ready) in variants.items():
            started = time.perf_counter()
            _, validation, _ = heads.cross_predict(fit, ready, features, subsets, subsets.groups, weights, refit=False)
            seconds[name].append(time.perf_counter() - started)
            scores = official.scores(validation, subsets.validation_label_strings)
            print(f"seed {seed}, {name}: {seconds[name][-1]:.1f} s, " + _line(scores), flush=True)
    ratio = np.median(seconds["by node"]) / np.median(seconds["by block"])
    print(f"by node takes {ratio:.1f} times as long as by block")


def _by_node(examples: heads.Examples, parameters: XGBoostParameters) -> xgboost.Booster:
    """The usual way: all columns in one matrix, the same share of them tried at each node."""
    matrix = xgboost.QuantileDMatrix(
        examples.columns(slice(None)),
        examples.of_each(examples.classes),
        weight=examples.of_each(examples.weights),
        max_bin=parameters.max_bin,
    )
    return xgboost.train(
        {
            "objective": "multi:softprob",
            "num_class": examples.num_classes,
            "tree_method": "hist",
            **parameters.passed_on(),
            "colsample_bynode": parameters.block_columns,
            "seed": parameters.seed,
        },
        matrix,
        parameters.num_rounds,
    )


def _line(scores: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in scores.items())


if __name__ == "__main__":
    main()
