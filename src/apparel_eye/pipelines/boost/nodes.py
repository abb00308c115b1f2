"""From activations to heads and their probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.activations.index import NONE, check_index
from apparel_eye.classifiers.heads import Features
from apparel_eye.classifiers.registry import Head, Model
from apparel_eye.data.subsets import Subsets
from apparel_eye.networks.checkpoint import Modes
from apparel_eye.parameters import WeightParameters
from apparel_eye.selection.tables import probability_table

_SHOWN = 256
"""Photos whose mean is shown."""


def train(head: Head) -> Callable[..., tuple[Model, pd.DataFrame]]:
    """A node that fits a head, for new photos, and gives its probabilities; it takes what the head needs."""
    fit, load, name = head.fit, head.load, head.name

    def train_head(
        activations: NDArray[np.float16],
        index: pd.DataFrame,
        network_of: NDArray[np.intp],
        subsets: Subsets,
        parameters: Any,
        weights: WeightParameters,
        refit: bool,
        pooled: NDArray[np.float32] | None = None,
        modes: Modes | None = None,
    ) -> tuple[Model, pd.DataFrame]:
        from apparel_eye.classifiers.heads import cross_predict

        check_index(index, subsets.table, activations)
        shape, device = activations.shape[2:], _device_of(modes)
        maps = activations.reshape(*activations.shape[:2], -1)
        features: Features = maps if pooled is None or parameters.features == "map" else pooled
        allowed = subsets.fitted_on(network_of != NONE)
        model, validation, to_predict = cross_predict(
            lambda examples: fit(examples, parameters, shape, device),
            *(load, features, allowed, subsets.groups, weights, refit),
        )
        return model, probability_table(name, subsets, validation, to_predict)

    train_head.__annotations__["parameters"] = head.parameters  # of which Kedro makes the model
    return train_head


def describe_bags(bags_model: str) -> pd.DataFrame:
    """What bags make of each filter, the most important first, see ``schemas.BagFilters``."""
    from apparel_eye.classifiers.bags import inspect

    looked = inspect(bags_model)
    by_filter = looked.gains.reshape(len(looked.gains), -1)
    width = looked.gains.shape[2]
    table = pd.DataFrame(
        {
            "filter": np.arange(len(by_filter)),
            "importance": looked.importances / (looked.importances.sum() or 1.0),
            "bags": looked.num_bags,
            "gain": by_filter.sum(axis=1),
            "row": by_filter.argmax(axis=1) // width,
            "column": by_filter.argmax(axis=1) % width,
        }
    )
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def draw_bags(bags_model: str, bag_filters: pd.DataFrame, pixels: NDArray[np.uint8], subsets: Subsets) -> Figure:
    """Where on the photo splits look, over the mean of some photos, and which filters."""
    from apparel_eye.classifiers.bags import inspect
    from apparel_eye.reports.figures import places_and_filters

    labelled = np.flatnonzero(subsets.table["subset"] != "to predict")[:_SHOWN]
    mean = pixels[labelled].mean(axis=0).round().astype(np.uint8)
    return places_and_filters(mean, inspect(bags_model).gains.sum(axis=0), bag_filters)


def _device_of(modes: Modes | None) -> str:
    """Where heads compute, in XGBoost's words: on a GPU where the network does, if that matters to them."""
    return "cuda" if modes is not None and modes["predict"]["device"].startswith("cuda") else "cpu"
