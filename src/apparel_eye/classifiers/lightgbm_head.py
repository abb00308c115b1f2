"""LightGBM, whose trees grow leaf by leaf (Ke et al., NeurIPS 2017), on a random share of the columns at a time.

As with XGBoost, rounds of a block share their columns, so that only these are read and held; LightGBM itself would pass
over all of them for each tree.
"""

import json
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from tqdm import tqdm

from apparel_eye.classifiers.heads import Examples, check_num_features, draw_columns, num_threads
from apparel_eye.metrics.official import Probabilities
from apparel_eye.parameters.boost import LightGBMParameters

_SETTINGS = {
    "objective": "multiclass",
    "bagging_freq": 1,  # photos are drawn anew for each tree
    "deterministic": True,
    "force_col_wise": True,  # else LightGBM times both ways, and the faster one decides on the last bits
    "verbosity": -1,
}


def fit(examples: Examples, parameters: LightGBMParameters) -> str:
    """Boosters that differ in their seed, as JSON: columns and LightGBM's text, block after block.

    They grow one after the other: side by side in threads, as XGBoost's do, LightGBM ended the process.
    """
    seeds = range(parameters.seed, parameters.seed + parameters.num_models)
    num_blocks = len(seeds) * len(parameters.block_lengths)
    with tqdm(total=num_blocks, desc="LightGBM", unit="block", disable=None) as bar:
        models = [_grow(examples, parameters, seed, bar) for seed in seeds]
    return json.dumps({"features": examples.num_features, "classes": examples.num_classes, "models": models})


def _grow(examples: Examples, parameters: LightGBMParameters, seed: int, bar: Any) -> list[dict[str, Any]]:
    """Block after block, each going on from the margins of those before."""
    generator = np.random.default_rng(seed)
    everything = np.arange(examples.num_features)
    settings = {**_SETTINGS, **parameters.passed_on(), "num_class": examples.num_classes}
    settings |= {"num_threads": num_threads()}
    labels, weights = (examples.of_each(of_photos) for of_photos in (examples.classes, examples.weights))
    margins = np.zeros((len(examples), examples.num_classes))
    blocks = []
    for num_rounds in parameters.block_lengths:
        columns = draw_columns(everything, parameters.block_columns, generator)
        seen = examples.columns(columns)
        # margins class after class, as LightGBM has them
        data = lightgbm.Dataset(seen, labels, weight=weights, init_score=margins.ravel(order="F"))
        booster = lightgbm.train({**settings, "seed": int(generator.integers(2**31))}, data, num_rounds)
        margins = margins + booster.predict(seen, raw_score=True)
        blocks.append({"columns": columns.tolist(), "booster": booster.model_to_string()})
        bar.update()
    return blocks


class LightGBMBoosters:
    """Fitted boosters, read from JSON once."""

    def __init__(self, model: str) -> None:
        fitted = json.loads(model)
        self._num_features, self._num_classes = fitted["features"], fitted["classes"]
        self._models = [
            [(np.array(block["columns"]), lightgbm.Booster(model_str=block["booster"])) for block in blocks]
            for blocks in fitted["models"]
        ]

    def predict(self, features: NDArray[np.float32]) -> Probabilities:
        """Mean probabilities of the boosters, shape (n, classes).

        Raises:
            DataError: the features are not as many as the boosters were fitted on.
        """
        check_num_features("LightGBM", self._num_features, features)
        mean = np.zeros((len(features), self._num_classes))
        for blocks in self._models:
            # a thread: small batches gain nothing by more, which wait long for cores that others use
            margins = [
                booster.predict(features[:, columns], raw_score=True, num_threads=1) for columns, booster in blocks
            ]
            mean += softmax(np.sum(margins, axis=0), axis=1) / len(self._models)
        return mean
