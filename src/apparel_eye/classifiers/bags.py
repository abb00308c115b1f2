"""Bags: boosters that see all places of a few filters each, the important ones more often; probabilities are averaged.

The idea that the write-up left open: all activations of the last feature map are too many for XGBoost, those of some
filters are not.
"""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apparel_eye.classifiers import xgboost_head
from apparel_eye.classifiers.heads import Examples
from apparel_eye.classifiers.importance import Importances, importances
from apparel_eye.data.subsets import Rows
from apparel_eye.parameters import BagParameters


def fit(examples: Examples, shape: tuple[int, int, int], parameters: BagParameters, device: str = "cpu") -> str:
    """Bags as JSON, which ``xgboost_head.Boosters`` reads, with the importances of the filters.

    Args:
        examples: of feature maps, whose features are the places of the first filter, then of the second ...
        shape: filters, height and width of a map.
        parameters: XGBoost's, and the bags'.
        device: XGBoost's name of it.
    """
    of_filters = importances(examples, shape, parameters)

    def places(seed: int) -> Rows:
        return places_of(draw_filters(of_filters, parameters.num_filters, seed), shape)

    seeds = range(parameters.seed, parameters.seed + parameters.num_bags)
    models = xgboost_head.fit_boosters("bags", examples, parameters, seeds, places, device)
    return xgboost_head.as_json(
        examples, parameters.objective, models, shape=shape, importances=[float(f"{each:.6g}") for each in of_filters]
    )


def draw_filters(of_filters: Importances, num_filters: int, seed: int) -> Rows:
    """Different filters by chance, each as likely as it is important; sorted."""
    some = np.count_nonzero(of_filters)
    chances = of_filters / of_filters.sum() if some else np.full(len(of_filters), 1 / len(of_filters))
    number = min(num_filters, some or len(of_filters))
    drawn: Rows = np.random.default_rng(seed).choice(len(of_filters), number, replace=False, p=chances)
    return np.sort(drawn)


def places_of(filters: Rows, shape: tuple[int, int, int]) -> Rows:
    """Columns of all places of some filters."""
    num_places = shape[1] * shape[2]
    places: Rows = (filters[:, None] * num_places + np.arange(num_places)).ravel()
    return places


@dataclass(frozen=True)
class Inspected:
    """What bags looked at.

    Attributes:
        importances: of the filters, shape (C,).
        num_bags: in which a filter was, shape (C,).
        gains: of all splits, by filter and place, as shares of their sum, shape (C, H, W).
    """

    importances: Importances
    num_bags: NDArray[np.intp]
    gains: NDArray[np.float64]


def inspect(model: str) -> Inspected:
    """Of fitted bags."""
    fitted = json.loads(model)
    shape = tuple(fitted["shape"])
    num_places = shape[1] * shape[2]
    gains, num_bags = np.zeros(int(np.prod(shape))), np.zeros(shape[0], dtype=np.intp)
    for blocks in fitted["models"]:
        known = [xgboost_head.block_of(block) for block in blocks]
        num_bags[np.unique(np.concatenate([block.columns for block in known]) // num_places)] += 1
        for block in known:
            np.add.at(gains, block.columns, xgboost_head.gains_of(block.booster, len(block.columns)))
    return Inspected(np.array(fitted["importances"]), num_bags, (gains / (gains.sum() or 1.0)).reshape(shape))
