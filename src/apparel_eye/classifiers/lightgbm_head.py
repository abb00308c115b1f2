"""LightGBM: each tree sees a random share of all features and grows leaf by leaf (Ke et al., NeurIPS 2017).

LightGBM keeps a byte for each number, in all 4 GB for the whole maps of 16,000 photos in two views; what is on disk is
read row by row.
"""

import json
import os
from collections.abc import Sequence

import lightgbm
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye.classifiers.heads import Examples
from apparel_eye.errors import DataError
from apparel_eye.metrics.official import Probabilities
from apparel_eye.parameters import LightGBMParameters

_SETTINGS = {
    "objective": "multiclass",
    "bagging_freq": 1,  # photos are drawn anew for each tree
    "deterministic": True,
    "force_col_wise": True,  # else LightGBM times both ways, and the faster one decides on the last bits
    "feature_pre_filter": False,
    "verbosity": -1,
}


def fit(examples: Examples, parameters: LightGBMParameters) -> str:
    """Boosters that differ in their seed, as JSON."""
    settings = {**_SETTINGS, **parameters.of_lightgbm(), "num_class": examples.num_classes}
    settings |= {"num_threads": os.cpu_count() or 1}
    labels, weights = (examples.of_each(of_photos) for of_photos in (examples.classes, examples.weights))
    data = lightgbm.Dataset(_Rows(examples), labels, weight=weights, params=settings)
    seeds = range(parameters.seed, parameters.seed + parameters.num_models)
    with tqdm(total=len(seeds) * parameters.num_rounds, desc="LightGBM", unit="round", disable=None) as bar:
        told = [lambda _: bar.update() and None]
        boosters = [
            lightgbm.train({**settings, "seed": seed}, data, parameters.num_rounds, callbacks=told) for seed in seeds
        ]
    known = {"features": examples.num_features, "classes": examples.num_classes}
    return json.dumps({**known, "models": [booster.model_to_string() for booster in boosters]})


class LightGBMBoosters:
    """Fitted boosters, read from JSON once."""

    def __init__(self, model: str) -> None:
        fitted = json.loads(model)
        self._num_features = fitted["features"]
        self._boosters = [lightgbm.Booster(model_str=text) for text in fitted["models"]]

    def predict(self, features: NDArray[np.float32]) -> Probabilities:
        """Mean probabilities of the boosters, shape (n, classes).

        Raises:
            DataError: the features are not as many as the boosters were fitted on.
        """
        if self._num_features != features.shape[1]:
            raise DataError(
                f"the LightGBM model has {self._num_features} features, the activations {features.shape[1]}; "
                "fit it again on activations of this backbone and size"
            )
        # a thread: small batches gain nothing by more, which wait long for cores that others use
        answers = [booster.predict(features, num_threads=1) for booster in self._boosters]
        return np.asarray(np.mean(answers, axis=0))


class _Rows(lightgbm.Sequence):
    """Features of examples, as LightGBM asks for them."""

    batch_size = 256

    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int | slice | Sequence[int]) -> NDArray[np.float64]:
        rows = np.arange(len(self))[index]
        photos, views = self._examples.photos[rows // self._examples.num_views], rows % self._examples.num_views
        return np.asarray(self._examples.features[photos, views], dtype=np.float64)  # LightGBM takes no others
