"""XGBoost on tens of thousands of columns, a random share of them at a time.

A booster is grown in blocks of a few rounds. Each block sees its own random share of the columns and goes on from the
margins of the blocks before, so only that share is ever quantized or read. That is column sampling by block instead of
by node: as accurate here and many times faster (``benchmarks/``).
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye.boosting.heads import Examples, Features, Probabilities
from apparel_eye.errors import DataError
from apparel_eye.parameters import XGBoostParameters
from apparel_eye.probabilities import softmax
from apparel_eye.subsets import Rows

Margins = NDArray[np.float32]
_OWN = {"num_rounds", "num_models", "seed", "block_rounds", "block_columns"}
"""Parameters that are not XGBoost's."""


@dataclass(frozen=True)
class _Block:
    columns: Rows
    booster: xgboost.Booster

    def add_to(self, margins: Margins, of_columns: Features) -> Margins:
        added: Margins = self.booster.inplace_predict(of_columns, predict_type="margin", base_margin=margins)
        return added.reshape(margins.shape)


def fit(examples: Examples, parameters: XGBoostParameters) -> str:
    """Boosters that differ in their seed, as JSON.

    Args:
        examples: features, classes and weights.
        parameters: XGBoost's, and the blocks'.
    """
    by_column = np.ascontiguousarray(examples.features.T)  # blocks take columns: whole rows of this
    num_blocks = -(-parameters.num_rounds // parameters.block_rounds)
    with tqdm(total=parameters.num_models * num_blocks, desc="XGBoost", unit="block", disable=None) as bar:
        models = [
            [
                _as_json(block)
                for block in _grow(by_column, examples, parameters, parameters.seed + number, num_blocks, bar)
            ]
            for number in range(parameters.num_models)
        ]
    return json.dumps({"features": len(by_column), "classes": int(examples.classes.max()) + 1, "models": models})


class Boosters:
    """Fitted boosters, read from JSON once."""

    def __init__(self, model: str) -> None:
        fitted = json.loads(model)
        self._num_features, self._num_classes = fitted["features"], fitted["classes"]
        self._models = [[_from_json(block) for block in blocks] for blocks in fitted["models"]]

    def predict(self, features: Features) -> Probabilities:
        """Mean probabilities of the boosters, shape (n, classes).

        Raises:
            DataError: the features are not as many as the boosters were fitted on.
        """
        if self._num_features != features.shape[1]:
            raise DataError(
                f"the XGBoost model has {self._num_features} features, the activations {features.shape[1]}; "
                "fit it again on activations of this backbone and size"
            )
        by_column = np.ascontiguousarray(features.T)
        mean = np.zeros((len(features), self._num_classes))
        for blocks in self._models:
            margins = np.zeros(mean.shape, dtype=np.float32)
            for block in blocks:
                margins = block.add_to(margins, _columns_of(by_column, block.columns))
            mean += softmax(margins) / len(self._models)
        return mean


def predict(model: str, features: Features) -> Probabilities:
    """See ``Boosters``."""
    return Boosters(model).predict(features)


def _grow(
    by_column: Features, examples: Examples, parameters: XGBoostParameters, seed: int, num_blocks: int, bar: Any
) -> list[_Block]:
    generator = np.random.default_rng(seed)
    num_columns = max(1, round(parameters.block_columns * len(by_column)))
    num_classes = int(examples.classes.max()) + 1
    settings = {
        **parameters.model_dump(exclude=_OWN),
        "objective": "multi:softprob",
        "num_class": num_classes,
        "tree_method": "hist",
    }
    margins = np.zeros((len(examples.classes), num_classes), dtype=np.float32)
    blocks: list[_Block] = []
    for number in range(num_blocks):
        columns = np.sort(generator.choice(len(by_column), num_columns, replace=False))
        seen = _columns_of(by_column, columns)
        matrix = xgboost.QuantileDMatrix(
            seen, examples.classes, weight=examples.weights, base_margin=margins, max_bin=parameters.max_bin
        )
        rounds = min(parameters.block_rounds, parameters.num_rounds - number * parameters.block_rounds)
        block_seed = int(generator.integers(2**31))
        blocks.append(_Block(columns, xgboost.train({**settings, "seed": block_seed}, matrix, rounds)))
        margins = blocks[-1].add_to(margins, seen)
        bar.update()
    return blocks


def _columns_of(by_column: Features, columns: Rows) -> Features:
    return np.ascontiguousarray(by_column[columns].T)


def _as_json(block: _Block) -> dict[str, Any]:
    return {"columns": block.columns.tolist(), "booster": json.loads(block.booster.save_raw("json"))}


def _from_json(block: dict[str, Any]) -> _Block:
    booster = xgboost.Booster(model_file=bytearray(json.dumps(block["booster"]).encode()))
    return _Block(np.array(block["columns"]), booster)
