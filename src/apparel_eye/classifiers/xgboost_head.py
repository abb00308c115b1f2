"""XGBoost on any number of columns, a random share of them at a time.

A booster is grown in blocks of a few rounds. Each block sees its own random share of the columns and goes on from the
margins of the blocks before, so only that share is ever read from disk, part after part, and held, a byte for each
number. That is column sampling by block instead of by node: as accurate here and many times faster (``benchmarks/``).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from tqdm import tqdm

from apparel_eye.classifiers.heads import Examples, check_num_features, draw_columns, num_threads
from apparel_eye.classifiers.objectives import OBJECTIVES, Margins
from apparel_eye.data.subsets import Rows
from apparel_eye.metrics.official import Probabilities
from apparel_eye.parameters import BoosterParameters, XGBoostParameters

Compute = Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """Rounds that share their columns."""

    columns: Rows
    booster: xgboost.Booster

    def add_to(self, margins: Margins, of_columns: NDArray[np.float32]) -> Margins:
        """Margins with what the block says of examples, of which its columns are given."""
        added: Margins = self.booster.inplace_predict(of_columns, predict_type="margin", base_margin=margins)
        return added.reshape(margins.shape)


def fit(examples: Examples, parameters: XGBoostParameters, device: str = "cpu") -> str:
    """Boosters that differ in their seed, as JSON.

    Args:
        examples: what to learn.
        parameters: XGBoost's, and the blocks'.
        device: XGBoost's name of it.
    """
    seeds = range(parameters.seed, parameters.seed + parameters.num_models)
    everything = np.arange(examples.num_features)
    models = fit_boosters("XGBoost", examples, parameters, seeds, lambda _: everything, device)
    return as_json(examples, parameters.objective, models)


def fit_boosters(
    name: str,
    examples: Examples,
    parameters: BoosterParameters,
    seeds: Sequence[int],
    eligible: Callable[[int], Rows],
    device: str,
) -> list[list[Block]]:
    """A booster for each seed. On processors they grow side by side, each in its share of the threads.

    Args:
        name: stands beside the progress.
        examples: what to learn.
        parameters: XGBoost's, and the blocks'.
        seeds: of all that is drawn.
        eligible: columns that the booster of a seed may see.
        device: XGBoost's name of it.
    """
    threads = num_threads()
    side_by_side = min(len(seeds), threads) if device == "cpu" else 1
    compute = {"device": device, "nthread": threads // side_by_side}
    with progress(name, parameters, len(seeds)) as bar, ThreadPool(side_by_side) as pool:
        return pool.map(
            lambda seed: fit_blocks(examples, parameters, eligible(seed), seed, compute, bar), seeds, chunksize=1
        )


def progress(name: str, parameters: BoosterParameters, num_models: int) -> Any:
    """A bar with the time left, in blocks."""
    return tqdm(total=num_models * len(parameters.block_lengths), desc=name, unit="block", disable=None)


class Boosters:
    """Fitted boosters, read from JSON once."""

    def __init__(self, model: str) -> None:
        fitted = json.loads(model)
        self._num_features, self._num_classes = fitted["features"], fitted["classes"]
        self._objective = OBJECTIVES[fitted["objective"]]
        self._models = [[block_of(block) for block in blocks] for blocks in fitted["models"]]

    def predict(self, features: NDArray[np.float32]) -> Probabilities:
        """Mean probabilities of the boosters, shape (n, classes).

        Raises:
            DataError: the features are not as many as the boosters were fitted on.
        """
        check_num_features("XGBoost", self._num_features, features)
        by_column = np.ascontiguousarray(features.T)  # blocks take columns: whole rows of this
        mean = np.zeros((len(features), self._num_classes))
        for blocks in self._models:
            margins = np.zeros((len(features), self._objective.num_margins(self._num_classes)), dtype=np.float32)
            for block in blocks:
                margins = block.add_to(margins, np.ascontiguousarray(by_column[block.columns].T))
            mean += self._objective.probabilities(margins) / len(self._models)
        return mean


def as_json(examples: Examples, objective: str, models: Sequence[Sequence[Block]], **others: Any) -> str:
    """What ``Boosters`` reads, and what else should be known of them."""
    described = [[_describe(block) for block in blocks] for blocks in models]
    known = {"features": examples.num_features, "classes": examples.num_classes, "objective": objective}
    return json.dumps({**known, "models": described, **others})


def fit_blocks(
    examples: Examples, parameters: BoosterParameters, eligible: Rows, seed: int, compute: Compute, bar: Any
) -> list[Block]:
    """A booster; where photos are kept aside, with as many blocks as are best for them.

    Args:
        examples: what to learn.
        parameters: XGBoost's, and the blocks'.
        eligible: columns that it may see.
        seed: of all that is drawn.
        compute: XGBoost's ``device`` and ``nthread``.
        bar: shows progress, block by block.
    """
    is_kept = _kept_aside(examples, parameters.kept_share, seed)
    kept = examples.take(is_kept)
    blocks: list[Block] = []
    losses: list[float] = []
    margins = _zero_margins(kept, parameters, examples.num_classes)
    for block in _grow(examples.take(~is_kept), parameters, eligible, seed, compute):
        blocks.append(block)
        with bar.get_lock():  # others grow beside it
            bar.update()
        if len(kept):
            margins = block.add_to(margins, kept.columns(block.columns))
            losses.append(_loss(margins, kept, parameters.objective))
            if len(losses) - 1 - int(np.argmin(losses)) >= parameters.patience:
                break
    with bar.get_lock():
        bar.update(len(parameters.block_lengths) - len(blocks))
    return blocks[: int(np.argmin(losses)) + 1] if losses else blocks


def _grow(
    examples: Examples, parameters: BoosterParameters, eligible: Rows, seed: int, compute: Compute
) -> Iterator[Block]:
    """Block after block, each going on from the margins of those before."""
    objective = OBJECTIVES[parameters.objective]
    generator = np.random.default_rng(seed)
    of_objective = objective.settings(examples.num_classes)
    settings = {**parameters.passed_on(), **of_objective, **compute, "tree_method": "hist"}
    margins = _zero_margins(examples, parameters, examples.num_classes)
    for number, num_rounds in enumerate(parameters.block_lengths, start=1):
        columns = draw_columns(eligible, parameters.block_columns, generator)
        chunks = _Chunks(examples, columns, margins, parameters)
        matrix = xgboost.QuantileDMatrix(chunks, max_bin=parameters.max_bin, nthread=int(compute["nthread"]))
        booster = xgboost.train({**settings, "seed": int(generator.integers(2**31))}, matrix, num_rounds)
        if number < len(parameters.block_lengths):
            margins = booster.predict(matrix, output_margin=True).reshape(margins.shape)
        yield Block(columns, booster)


def _kept_aside(examples: Examples, share: float, seed: int) -> NDArray[np.bool_]:
    """A share of the groups of each class, at random; at least one group of each class is not kept."""
    generator = np.random.default_rng([seed, 2])
    kept: set[Any] = set()
    grown: set[Any] = set()
    for of_class in range(examples.num_classes):
        own = generator.permutation(np.unique(examples.groups[examples.classes == of_class])).tolist()
        kept.update(own[: int(share * len(own))])
        grown.add(own[-1])
    return np.isin(examples.groups, list(kept - grown))


def _zero_margins(examples: Examples, parameters: BoosterParameters, num_classes: int) -> Margins:
    """Where boosting starts."""
    return np.zeros((len(examples), OBJECTIVES[parameters.objective].num_margins(num_classes)), dtype=np.float32)


class _Chunks(xgboost.DataIter):
    """Columns of examples, part after part, as XGBoost asks for them."""

    def __init__(self, examples: Examples, columns: Rows, margins: Margins, parameters: BoosterParameters) -> None:
        super().__init__()
        self._chunks = list(examples.chunks(len(columns)))
        self._columns, self._margins, self._num_classes = columns, margins, examples.num_classes
        self._objective = OBJECTIVES[parameters.objective]
        self._only = (
            self._chunks[0].columns(columns) if len(self._chunks) == 1 else None
        )  # it is asked for several times
        self.reset()

    def reset(self) -> None:
        self._next, self._start = 0, 0

    def next(self, input_data: Callable[..., None]) -> bool:
        if self._next == len(self._chunks):
            return False
        chunk = self._chunks[self._next]
        stop = self._start + len(chunk)
        input_data(
            data=chunk.columns(self._columns) if self._only is None else self._only,
            label=self._objective.labels(chunk.of_each(chunk.classes), self._num_classes),
            weight=chunk.of_each(chunk.weights),
            base_margin=self._margins[self._start : stop],
        )
        self._next, self._start = self._next + 1, stop
        return True


def _loss(margins: Margins, examples: Examples, objective: str) -> float:
    probabilities = OBJECTIVES[objective].probabilities(margins)
    of_class = np.take_along_axis(probabilities, examples.of_each(examples.classes)[:, None], axis=1)[:, 0]
    return float(-np.average(np.log(np.maximum(of_class, 1e-15)), weights=examples.of_each(examples.weights)))


def _describe(block: Block) -> dict[str, Any]:
    return {"columns": block.columns.tolist(), "booster": json.loads(block.booster.save_raw("json"))}


def gains_of(booster: xgboost.Booster, num_columns: int) -> NDArray[np.float64]:
    """What all splits on each column have gained, shape (num_columns,)."""
    gains = np.zeros(num_columns)
    for name, gain in booster.get_score(importance_type="total_gain").items():
        gains[int(name.removeprefix("f"))] = gain
    return gains


def block_of(block: dict[str, Any]) -> Block:
    """A block, from its JSON."""
    booster = xgboost.Booster(model_file=bytearray(json.dumps(block["booster"]).encode()))
    booster.set_param({"nthread": 1})  # small batches gain nothing by more, which wait long for cores that others use
    return Block(np.array(block["columns"]), booster)
