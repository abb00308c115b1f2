"""From activations to heads and their probabilities."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.activations.index import NONE, check_index
from apparel_eye.chunks import ArrayChunk
from apparel_eye.data.subsets import make_subsets
from apparel_eye.networks.checkpoint import Modes, Weights
from apparel_eye.parameters import (
    BagParameters,
    LogisticParameters,
    PerceptronParameters,
    WeightParameters,
    XGBoostParameters,
)
from apparel_eye.selection.tables import probability_table

Model = TypeVar("Model")
_SHOWN = 256
"""Photos whose mean is shown."""


def pool_activations(activations: NDArray[np.float16], pooling: str) -> Iterator[ArrayChunk]:
    """What heads are fitted on that do not see whole maps."""
    from apparel_eye.activations.pooling import pool

    yield from pool(activations, pooling)


def train_xgboost(
    activations: NDArray[np.float16],
    pooled: NDArray[np.float32],
    index: pd.DataFrame,
    network_of: NDArray[np.intp],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    modes: Modes,
    parameters: XGBoostParameters,
    weights: WeightParameters,
    refit: bool,
) -> tuple[str, pd.DataFrame]:
    """The booster that predicts new photos, and its probabilities."""
    from apparel_eye.classifiers import xgboost_head

    check_index(index, manifest, activations)
    features = _features(parameters.features, activations, pooled)
    device = _device_of(modes)
    return _train(
        "xgboost",
        lambda examples: xgboost_head.fit(examples, parameters, device),
        *(features, network_of, manifest, folds, values, weights, refit),
    )


def train_bags(
    activations: NDArray[np.float16],
    index: pd.DataFrame,
    network_of: NDArray[np.intp],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    modes: Modes,
    parameters: BagParameters,
    weights: WeightParameters,
    refit: bool,
) -> tuple[str, pd.DataFrame]:
    """The bags over important filters that predict new photos, and their probabilities."""
    from apparel_eye.classifiers import bags

    check_index(index, manifest, activations)
    num_filters, height, width = activations.shape[2:]
    device = _device_of(modes)
    return _train(
        "bags",
        lambda examples: bags.fit(examples, (num_filters, height, width), parameters, device),
        *(_features("map", activations, activations), network_of, manifest, folds, values, weights, refit),
    )


def train_logistic(
    activations: NDArray[np.float16],
    pooled: NDArray[np.float32],
    index: pd.DataFrame,
    network_of: NDArray[np.intp],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    parameters: LogisticParameters,
    weights: WeightParameters,
    refit: bool,
) -> tuple[Weights, pd.DataFrame]:
    """The logistic regression that predicts new photos, and its probabilities."""
    from apparel_eye.classifiers import logistic

    check_index(index, manifest, activations)
    features = _features(parameters.features, activations, pooled)
    return _train(
        "logistic",
        lambda examples: logistic.fit(examples, parameters.C, parameters.max_iterations),
        *(features, network_of, manifest, folds, values, weights, refit),
    )


def train_perceptron(
    activations: NDArray[np.float16],
    pooled: NDArray[np.float32],
    index: pd.DataFrame,
    network_of: NDArray[np.intp],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    parameters: PerceptronParameters,
    weights: WeightParameters,
    refit: bool,
) -> tuple[Weights, pd.DataFrame]:
    """The small network that predicts new photos, and its probabilities."""
    from apparel_eye.classifiers import perceptron

    check_index(index, manifest, activations)
    features = _features(parameters.features, activations, pooled)
    return _train(
        "perceptron",
        lambda examples: perceptron.fit(examples, parameters),
        *(features, network_of, manifest, folds, values, weights, refit),
    )


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


def draw_bags(bags_model: str, bag_filters: pd.DataFrame, pixels: NDArray[np.uint8], manifest: pd.DataFrame) -> Figure:
    """Where on the photo splits look, over the mean of some photos, and which filters."""
    from apparel_eye.classifiers.bags import inspect
    from apparel_eye.reports.figures import places_and_filters

    labelled = np.flatnonzero(manifest["role"] == "labelled")[:_SHOWN]
    mean = pixels[labelled].mean(axis=0).round().astype(np.uint8)
    return places_and_filters(mean, inspect(bags_model).gains.sum(axis=0), bag_filters)


def _features(name: str, activations: NDArray[np.float16], pooled: NDArray[np.floating]) -> NDArray[np.floating]:
    """What a head is fitted on, shape (photos, views, D), on disk."""
    return activations.reshape(*activations.shape[:2], -1) if name == "map" else pooled


def _device_of(modes: Modes) -> str:
    """Where XGBoost computes: on a GPU where the network does."""
    return "cuda" if modes["predict"]["device"].startswith("cuda") else "cpu"


def _train(
    candidate: str,
    fit: Callable[[Any], Model],
    features: NDArray[np.floating],
    network_of: NDArray[np.intp],
    manifest: pd.DataFrame,
    folds: pd.DataFrame,
    values: list[str],
    weights: WeightParameters,
    refit: bool,
) -> tuple[Model, pd.DataFrame]:
    from apparel_eye.classifiers.fitted import load_head
    from apparel_eye.classifiers.heads import cross_predict

    subsets = make_subsets(manifest, folds, values).fitted_on(network_of != NONE)
    groups = manifest["group"].to_numpy()
    model, validation, to_predict = cross_predict(
        fit, partial(load_head, candidate), features, subsets, groups, weights, refit
    )
    return model, probability_table(candidate, manifest, subsets, validation, to_predict)
