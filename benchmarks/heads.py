"""Heads on activations against each other and against the network, on validation photos of several runs.

    python benchmarks/heads.py OUT DATA [DATA ...] [--categories skirt_length] [--variants NAME ...] [--against OUT]

Each DATA is the output root of a run of the whole flow whose activations are full maps (activations.reduction=map);
runs of other seeds have validation folds of their own. A head is fitted on the training folds and predicts the
validation fold; a variant is the environment's parameters with some changed. One JSON line per fit is appended to
OUT/heads.jsonl, its probabilities stand in OUT/heads/, and what is there is not fitted again. Printed are tables of the
network, the variants and blends of them: scores of calibrated, cross-fitted probabilities, seconds and megabytes;
differences to XGBoost on rows; and what choosing one of a run's candidates reaches. With --against, the OUT of other
activations of the same photos (head_sources.py makes them), also by how much each head is above the same one there.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import OmegaConf
from tta import Network, compare, markdown, mean_and_range

from apparel_eye.activations import pooling
from apparel_eye.activations.index import NONE
from apparel_eye.attributes import ordered_values
from apparel_eye.classifiers.heads import Examples, cross_predict
from apparel_eye.classifiers.registry import HEADS, Model, load_head
from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics import official
from apparel_eye.metrics.calibration import cross_fit
from apparel_eye.parameters import BoostParameters
from apparel_eye.selection.blend import cross_fit_blend
from apparel_eye.selection.candidates import FAVORITE, score_choice
from apparel_eye.selection.tables import probabilities_of

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
TO_BEAT = "XGBoost, rows"
OF_A_RUN = (
    *NETWORK,
    TO_BEAT,
    "bags by gain",
    "logistic regression, rows",
    "small network, rows",
    "blend: TTA + XGBoost + bags",
)
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
        subsets = Subsets(pd.read_parquet(self.primary / "subsets.parquet"))
        features = data / "04_feature" / category
        self.activations = np.load(features / "activations.npy", mmap_mode="r")
        seen = features / "activation_network_of.npy"
        self.subsets: Subsets = subsets.fitted_on(np.load(seen) != NONE) if seen.exists() else subsets

    @property
    def groups(self) -> NDArray[np.object_]:
        """Of the validation photos."""
        return self.subsets.groups[self.subsets.validation]

    @cache  # noqa: B019, there are few
    def pooled(self, name: str) -> NDArray[np.float32]:
        """Activations pooled for heads."""
        return np.concatenate([part.rows for part in pooling.pool(self.activations, name)])

    def of_network(self, candidate: str) -> NDArray[np.float64]:
        """The network's probabilities of the validation photos."""
        table = pd.read_parquet(self.output / "network_probabilities.parquet")
        return probabilities_of(table, candidate, self.subsets.keys_of(self.subsets.validation))

    def scores(self, raw: NDArray[np.float64]) -> dict[str, float]:
        """Of a candidate, calibrated by the other part of the validation photos."""
        return self.scores_of(cross_fit(raw, *labels_of(self.subsets)))

    def scores_of(self, honest: NDArray[np.float64]) -> dict[str, float]:
        """Of probabilities as they are."""
        found = official.all_scores(
            honest, self.subsets.validation_label_strings, ordered_values(self.category, self.subsets.values)
        )
        return {name: found[name] for name in SCORES}


Grounds = Sequence[tuple[int, Ground]]
Candidate = Sequence[NDArray[np.float64]]
"""Probabilities for each ground."""
Answers = Sequence[dict[str, NDArray[np.float64]]]


def main() -> None:
    """Fit what has not been fitted, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--categories", nargs="+", default=["skirt_length"])
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    (arguments.out / "heads").mkdir(parents=True, exist_ok=True)
    lines = arguments.out / "heads.jsonl"
    known = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    done = {(row["variant"], row["category"], row["seed"]) for row in known}
    grounds = [
        (seed, Ground(root, category)) for category in arguments.categories for seed, root in enumerate(arguments.data)
    ]
    for (seed, ground), variant in product(grounds, arguments.variants):
        if (variant, ground.category, seed) not in done:
            row = {"variant": variant, "category": ground.category, "seed": seed}
            row |= fit_and_score(ground, variant, _file(arguments.out, variant, ground.category, seed))
            print(row, flush=True)
            with lines.open("a") as file:
                file.write(json.dumps(row) + "\n")
    report(grounds, arguments.out, arguments.against, pd.read_json(lines, lines=True))


def fit_and_score(ground: Ground, variant: str, file: Path) -> dict[str, float]:
    """Fit a head, keep its validation probabilities, and score them."""
    head, changed = VARIANTS[variant]
    boost = changed_parameters(changed)
    features, megabytes = features_of(ground, head, boost)
    shape = ground.activations.shape[2:]

    def fit(examples: Examples) -> Model:
        return HEADS[head].fit(examples, getattr(boost, head), shape, "cpu")

    groups = ground.subsets.groups
    started = time.perf_counter()
    _, validation, _ = cross_predict(
        fit, partial(load_head, head), features, ground.subsets, groups, boost.weights, refit=False
    )
    seconds = time.perf_counter() - started
    np.save(file, validation)
    return {**ground.scores(validation), "seconds": seconds, "megabytes": megabytes}


def features_of(ground: Ground, head: str, boost: BoostParameters) -> tuple[NDArray[np.floating], float]:
    """What a head is fitted on, and its megabytes on disk."""
    if getattr(boost, head).features == "map":
        features = ground.activations.reshape(*ground.activations.shape[:2], -1)
    else:
        features = ground.pooled(boost.pooling)
    return features, features.nbytes / 1e6


def report(grounds: Grounds, out: Path, against: Path | None, fitted: pd.DataFrame) -> None:
    """Print scores and costs of all candidates, then how far they are from those that they must beat."""
    answers = [dict(candidates_of(ground, out, seed)) for seed, ground in grounds]
    names = [name for name in [*NETWORK, *VARIANTS, *(f"blend: {name}" for name in BLENDS)] if name in answers[0]]
    print(markdown(scores_table(grounds, answers, names, fitted)))
    candidates = {name: [of_ground[name] for of_ground in answers] for name in names}
    others = {name: (candidate, candidates[TO_BEAT]) for name, candidate in candidates.items() if name != TO_BEAT}
    print(f"\n{markdown(differences_table(grounds, TO_BEAT, others))}")
    if against is not None:
        there = [dict(candidates_of(ground, against, seed)) for seed, ground in grounds]
        heads = {
            name: (candidates[name], [of_ground[name] for of_ground in there])
            for name in VARIANTS
            if name in candidates
        }
        print(f"\n{markdown(differences_table(grounds, against.name, heads))}")
    if set(OF_A_RUN) <= set(names):
        print(f"\n{markdown(choice_table(grounds, answers))}")


def candidates_of(ground: Ground, out: Path, seed: int) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Probabilities of the validation photos, calibrated by the other part of them, by name."""
    of_photos = labels_of(ground.subsets)
    raw = {name: ground.of_network(candidate) for name, candidate in NETWORK.items()}
    files = {variant: _file(out, variant, ground.category, seed) for variant in VARIANTS}
    raw |= {variant: np.load(file) for variant, file in files.items() if file.exists()}
    for name, candidate in raw.items():
        yield name, cross_fit(candidate, *of_photos)
    for name, members in BLENDS.items():
        if set(members) <= set(raw):
            yield f"blend: {name}", cross_fit_blend({member: raw[member] for member in members}, *of_photos)


def scores_table(
    grounds: Grounds, answers: Answers, names: Sequence[str], fitted: pd.DataFrame
) -> Iterator[dict[str, str]]:
    """A row for each candidate: means over the categories of a seed, then mean and range over the seeds; costs."""
    seeds = [seed for seed, _ in grounds]
    for name in names:
        rows = [ground.scores_of(candidates[name]) for (_, ground), candidates in zip(grounds, answers, strict=True)]
        by_seed = pd.DataFrame(rows, index=seeds)
        costs = fitted.loc[fitted["variant"] == name, ["seconds", "megabytes"]].mean()
        yield {
            "candidate": name,
            **{score: mean_and_range(by_seed[score]) for score in SCORES},
            **{str(cost): "" if np.isnan(mean) else f"{mean:.0f}" for cost, mean in costs.items()},
        }


def differences_table(
    grounds: Grounds, to_beat: str, pairs: Mapping[str, tuple[Candidate, Candidate]]
) -> Iterator[dict[str, str]]:
    """By how much the first of each pair is above the second, with 95 % of the paired bootstrap over photos."""
    nothing = np.zeros((0, 0, 0))
    networks = [
        Network(seed, nothing, {}, *labels_of(ground.subsets), ground.groups.astype(np.str_))
        for seed, ground in grounds
    ]
    for name, pair in pairs.items():
        yield {f"against {to_beat}": name, **compare(networks, *pair)}


def choice_table(grounds: Grounds, answers: Answers) -> Iterator[dict[str, str]]:
    """How good choosing a run's candidate is: one part of the validation photos is answered by the others' choice."""
    seeds = [seed for seed, _ in grounds]
    for rule, favorite, wanted in (
        ("always XGBoost", FAVORITE, FAVORITE),
        ("the least log loss", TO_BEAT, "auto"),
        ("XGBoost, unless another is better beyond chance", FAVORITE, "auto"),
    ):
        rows = []
        for (_, ground), candidates in zip(grounds, answers, strict=True):
            named = {favorite if name == TO_BEAT else name: candidates[name] for name in OF_A_RUN}
            rows.append(
                score_choice(named, ground.subsets.validation_label_strings, ground.subsets.validation_halves, wanted)
            )
        by_seed = pd.DataFrame(rows, index=seeds)
        yield {"chosen": rule, **{score: mean_and_range(by_seed[score]) for score in SCORES if score in by_seed}}


def labels_of(subsets: Subsets) -> tuple[Any, Any, Any]:
    """What scores and calibration need of validation photos."""
    return subsets.validation_label_strings, subsets.validation_halves, subsets.seen_values


def changed_parameters(changed: dict[str, Any]) -> BoostParameters:
    """Those of the environment ``base``, some changed."""
    tree = OmegaConf.load(PROJECT / "conf" / "base" / "boost" / "parameters.yml")["boost"]
    for key, value in changed.items():
        OmegaConf.update(tree, key, value)
    return BoostParameters.model_validate(OmegaConf.to_container(tree))


def _file(out: Path, variant: str, category: str, seed: int) -> Path:
    return out / "heads" / f"{category} {seed} {variant}.npy"


if __name__ == "__main__":
    main()
