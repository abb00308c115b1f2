"""Test-time augmentation and calibration of trained networks: what they bring, and what of it is beyond chance.

    python benchmarks/tta.py DATA [DATA ...] [--docs docs]

Each DATA is the output folder of one seed's runs, of any categories. Each network predicts its validation photos once
per single view, epochs cross-fitted as in a run; DATA/views_<category>.npz keeps that, and all averages are computed
from it. Tables are printed, views.png and calibration.png drawn. Scores are means over the categories of a seed, then
mean and range over the seeds; differences are means over the networks, with 95 % of the paired bootstrap, and in how
many networks they are above and below zero.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from apparel_eye.chunks import slices
from apparel_eye.data import transforms
from apparel_eye.data.batches import read
from apparel_eye.data.subsets import Subsets
from apparel_eye.datasets import CheckpointDataset
from apparel_eye.metrics import official
from apparel_eye.metrics.bootstrap import difference
from apparel_eye.metrics.calibration import cross_fit, fit_temperature
from apparel_eye.networks.classifier import restore
from apparel_eye.networks.device import Mode
from apparel_eye.networks.inference import identity_of, to_probabilities
from apparel_eye.parameters import STAGES, AugmentationParameters, InferParameters
from apparel_eye.prediction.models import trained_categories
from apparel_eye.selection.tables import probabilities_of
from apparel_eye.training.best_epochs import without

BLUE, ORANGE, GREY = "#1f6f8b", "#d97b29", "#b8c0c4"
MODELS, CANDIDATES = ("network", "xgboost", "logistic"), ("plain", "tta", "xgboost", "logistic")
SCORES = ("accuracy", "log_loss", "basic_precision", "average_precision")
VARIANTS: dict[str, tuple[float, int, int]] = {
    "plain": (1, 0, 0),
    "plain and mirrored": (1, 1, 0),
    "plain and 4 of 8, as configured": (1, 0, 4),
    "plain, mirrored and 4 of 8": (1, 1, 4),
    "plain and 8": (1, 0, 8),
    "plain, mirrored and 8": (1, 1, 8),
    **{f"plain, weighing {weight}, and 4 of 8": (weight, 0, 4) for weight in (0, 0.5, 2, 4)},
}
"""Weight of the plain photo, number of mirrored ones, number of drawn views."""
NUM_ORDERS = 50  # random choices of views that the figure averages
NUM_DRAWS = 1000  # of photos for intervals, of outcomes for the calibration error of perfect probabilities
NUM_BINS, SEED = 10, 1

Probabilities = NDArray[np.float64]
Answers = Sequence[Probabilities]  # of the networks, in their order
Row = dict[str, str]  # cells of a table, by the names of its columns


@dataclass(frozen=True)
class Network:
    """A trained category of a seed, and what is known of its validation photos.

    Attributes:
        per_view: probabilities of the plain photo, the mirrored one and the drawn views, those first that a run
            draws for the photo, shape (views, photos, values).
        candidates: the run's probabilities, not calibrated, each of shape (photos, values).
    """

    seed: int
    per_view: Probabilities
    candidates: dict[str, Probabilities]
    label_strings: official.LabelStrings
    parts: NDArray[np.intp]
    seen_values: NDArray[np.intp]
    groups: NDArray[np.str_]


def main() -> None:
    """Predict what has not been predicted, then print the tables and draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    places = [(seed, data, each) for seed, data in enumerate(arguments.data) for each in trained_categories(data)]
    networks = [load_network(*place) for place in places]
    print(f"{len(networks)} networks, {sum(len(network.label_strings) for network in networks)} validation photos")
    for table in (scores_table, differences_table, calibration_table):
        print(f"\n{markdown(table(networks))}")
    draw_views(networks).savefig(arguments.docs / "views.png", dpi=120)
    draw_calibration(networks).savefig(arguments.docs / "calibration.png", dpi=120)


def load_network(seed: int, data: Path, category: str) -> Network:
    """What a run left, and the probabilities of single views, which are predicted if they are not there."""
    primary, models, output = (data / layer / category for layer in ("03_primary", "06_models", "07_model_output"))
    about = json.loads((models / "recognizer.json").read_text())  # of this version or an earlier one
    infer = InferParameters(**about["infer"])
    subsets = Subsets(pd.read_parquet(primary / "subsets.parquet"))
    known = data / f"views_{category}.npz"
    if not known.exists():
        unfinished = known.with_suffix(".part.npz")
        np.savez(unfinished, per_view=predict_views(data, about, subsets))
        unfinished.rename(known)
    found = pd.concat([pd.read_parquet(output / f"{model}_probabilities.parquet") for model in MODELS])
    photos = subsets.table.iloc[subsets.validation]
    per_view = np.load(known)["per_view"]
    candidates = {candidate: probabilities_of(found, candidate, photos["image_key"]) for candidate in CANDIDATES}
    ours = (per_view[0], averaged(per_view, infer.plain_weight, infer.mirrored, infer.num_drawn))
    if not np.allclose(ours, (candidates["plain"], candidates["tta"]), atol=1e-3):
        raise ValueError(f"{known} does not give the run's candidates, so it is of another run; delete it")
    labels = (subsets.validation_label_strings, subsets.validation_halves, subsets.seen_values)
    return Network(seed, per_view, candidates, *labels, photos["group"].to_numpy(dtype=np.str_))


@torch.inference_mode()
def predict_views(data: Path, about: dict[str, Any], subsets: Subsets) -> Probabilities:
    """As ``Network.per_view``; a part of the photos is predicted with the epoch that the other parts chose."""
    checkpoint = CheckpointDataset(str(data / "06_models" / about["category"] / f"{STAGES[-1]}.safetensors")).load()
    pixels = np.load(data / "05_model_input" / about["category"] / f"{STAGES[-1]}_pixels.npy", mmap_mode="r")
    identities = subsets.table["sha256"].map(identity_of).to_numpy(dtype=np.uint64)
    infer, augmentation = InferParameters(**about["infer"]), AugmentationParameters(**about["augmentation"])
    mode = Mode(**about["modes"]["predict"])
    predicted = np.zeros((2 + infer.num_views, len(subsets.validation), len(about["values"])))
    for part in np.unique(subsets.validation_halves):
        model, description = restore(checkpoint, without(part))
        mode.place(model)
        for batch in slices(np.flatnonzero(subsets.validation_halves == part), infer.batch_size):
            rows = subsets.validation[batch]
            photos = read(pixels, rows, mode.where)
            drawn = transforms.draw_for_test(
                infer.seed, identities[rows], infer.num_views, infer.num_views, augmentation
            )
            for number, view in enumerate(
                [transforms.plain(len(rows)), transforms.plain(len(rows), mirrored=True), *drawn]
            ):
                with mode.autocast():
                    logits = model(mode.lay_out(transforms.render(photos, view)))
                predicted[number, batch] = to_probabilities(logits, description)
    return predicted


def averaged(per_view: Probabilities, plain_weight: float, num_mirrored: int, num_drawn: int) -> Probabilities:
    """Mean over the plain photo, the mirrored one and the first drawn views, shape (photos, values)."""
    weights = np.array([plain_weight, num_mirrored, *(np.arange(len(per_view) - 2) < num_drawn)], dtype=np.float64)
    return np.tensordot(weights / weights.sum(), per_view, axes=1)


def tempered(networks: Sequence[Network], answers: Answers) -> Answers:
    """The photos of each part as sure as is best for the other parts."""
    pairs = zip(networks, answers, strict=True)
    return [cross_fit(answer, network.label_strings, network.parts, network.seen_values) for network, answer in pairs]


def scores_table(networks: Sequence[Network]) -> Iterator[Row]:
    """Scores of each way to average."""
    for name, way in VARIANTS.items():
        scores = scored(networks, [averaged(network.per_view, *way) for network in networks])
        passes = {"forward passes": str(int(way[0] > 0) + way[1] + way[2])}
        yield {"views": name, **passes, **{score: mean_and_range(scores[score]) for score in SCORES}}


def differences_table(networks: Sequence[Network]) -> Iterator[Row]:
    """By how much each way to average is above the plain photo, and in how many networks it is above and below."""
    plain, *others = [[averaged(network.per_view, *way) for network in networks] for way in VARIANTS.values()]
    for name, answers in zip(list(VARIANTS)[1:], others, strict=True):
        tempered_loss = compare(networks, tempered(networks, answers), tempered(networks, plain))["log_loss"]
        yield {"against plain": name, **compare(networks, answers, plain), "log loss, both tempered": tempered_loss}


def calibration_table(networks: Sequence[Network]) -> Iterator[Row]:
    """Each candidate before and after temperatures; errors of calibration beside those to expect if it were perfect."""
    label_strings = [network.label_strings for network in networks]
    for candidate in CANDIDATES:
        before = [network.candidates[candidate] for network in networks]
        after = tempered(networks, before)
        temperatures = [
            fit_temperature(net.candidates[candidate], net.label_strings, net.seen_values) for net in networks
        ]
        yield {
            "candidate": candidate,
            "temperature": mean_and_range(pd.Series(temperatures, [network.seed for network in networks])),
            "log loss before": mean_and_range(scored(networks, before)["log_loss"]),
            "after": mean_and_range(scored(networks, after)["log_loss"]),
            "difference": compare(networks, after, before)["log_loss"],
            "error before, after, perfect": errors(before, after, label_strings),
            "of all photos together": errors([stack(before)], [stack(after)], [stack(label_strings, "n")]),
        }


def errors(before: Answers, after: Answers, label_strings: Sequence[official.LabelStrings]) -> str:
    """Mean calibration errors before and after temperatures, and of the latter if they were perfect."""
    found = [list(map(official.expected_calibration_error, answers, label_strings)) for answers in (before, after)]
    perfect = [official.calibration_noise(answer, SEED, NUM_DRAWS) for answer in after]
    return " / ".join(f"{np.mean(each):.3f}" for each in (*found, perfect))


def scored(networks: Sequence[Network], answers: Answers) -> pd.DataFrame:
    """Scores of each network, by seed."""
    rows = [official.scores(each, network.label_strings) for network, each in zip(networks, answers, strict=True)]
    return pd.DataFrame(rows, pd.Index([network.seed for network in networks], name="seed"))


def compare(networks: Sequence[Network], first: Answers, second: Answers) -> Row:
    """By how much the first's mean scores over the networks are above the second's."""
    number = np.repeat(np.arange(len(networks)), [len(network.label_strings) for network in networks])[:, None]
    label_strings, groups = (
        stack([network.label_strings for network in networks], "n"),
        [network.groups for network in networks],
    )

    def measure(numbered: NDArray[np.floating], label_strings: official.LabelStrings) -> dict[str, float]:
        of_each = [numbered[:, 0] == index for index in range(len(networks))]
        of_networks = [official.scores(numbered[rows, 1:], label_strings[rows]) for rows in of_each]
        return {score: float(np.mean([scores[score] for scores in of_networks])) for score in SCORES}

    one, other = (np.hstack([number, stack(answers)]) for answers in (first, second))
    found = difference(measure, one, other, label_strings, np.concatenate(groups), NUM_DRAWS, SEED)
    apart = scored(networks, first) - scored(networks, second)
    cell = "{:+.3f} ({:+.3f} to {:+.3f}), {} : {}"
    return {name: cell.format(*each, (apart[name] > 0).sum(), (apart[name] < 0).sum()) for name, each in found.items()}


def stack(arrays: Sequence[NDArray[Any]], filling: Any = 0) -> NDArray[Any]:
    """Photos of all networks, shape (photos, values of the category that has most)."""
    added = [((0, 0), (0, max(each.shape[1] for each in arrays) - array.shape[1])) for array in arrays]
    return np.concatenate([np.pad(*each, constant_values=filling) for each in zip(arrays, added, strict=True)])


def markdown(rows: Iterable[Row]) -> str:
    table = list(rows)
    names = [name.replace("_", " ") for name in table[0]]
    return "\n".join(f"| {' | '.join(line)} |" for line in (names, ["---"] * len(names), *map(dict.values, table)))


def mean_and_range(by_seed: pd.Series) -> str:
    """Means over the categories of each seed, then over the seeds."""
    means = by_seed.groupby(level=0).mean()
    return f"{means.mean():.3f} ({means.min():.3f} to {means.max():.3f})"


def against_views(networks: Sequence[Network]) -> pd.DataFrame:
    """Scores by seed, mirrored photo or not and number of drawn views, means over random choices of these views."""
    generator = np.random.default_rng(SEED)
    tables = []
    for _ in range(NUM_ORDERS):
        shuffled = [shuffle(network.per_view, generator) for network in networks]
        for mirrored, drawn in product((0, 1), range(len(networks[0].per_view) - 1)):
            answers = [averaged(per_view, 1, mirrored, drawn) for per_view in shuffled]
            tables.append(scored(networks, answers).assign(mirrored=mirrored, drawn=drawn))
    return pd.concat(tables).groupby(["mirrored", "drawn", "seed"]).mean()


def shuffle(per_view: Probabilities, generator: np.random.Generator) -> Probabilities:
    """The same with each photo's drawn views in another order."""
    order = generator.random(per_view[2:].shape[:2]).argsort(axis=0)[:, :, None]
    return np.concatenate([per_view[:2], np.take_along_axis(per_view[2:], order, axis=0)])


def draw_views(networks: Sequence[Network]) -> Figure:
    """Scores against the number of drawn views; bands are ranges over the seeds, moved to where their means start."""
    scores = against_views(networks)
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    all_axes: Any = figure.subplots(1, 3)
    for axes, score in zip(all_axes, ("log_loss", "basic_precision", "average_precision"), strict=True):
        table = scores[score].unstack("seed")
        plain = table.to_numpy()[0]
        moved = table - plain + plain.mean()
        for mirrored, color, label in ((0, BLUE, "plain and drawn"), (1, ORANGE, "plain, mirrored and drawn")):
            seeds = moved.loc[mirrored]
            axes.plot(seeds.mean(axis=1), ".-", color=color, label=label)
            axes.fill_between(seeds.index, seeds.min(axis=1), seeds.max(axis=1), color=color, alpha=0.15, lw=0)
        axes.set(title=score.replace("_", " "), xlabel="drawn views")
        axes.spines[["top", "right"]].set_visible(False)
    all_axes[-1].legend(frameon=False, loc="lower right")
    return figure


def draw_calibration(networks: Sequence[Network]) -> Figure:
    """Accuracy against confidence of each candidate, photos of all networks in bins of as many each."""
    figure = Figure(figsize=(13, 3.8), layout="constrained")
    all_axes: Any = figure.subplots(1, len(CANDIDATES), sharex=True, sharey=True)
    label_strings = stack([network.label_strings for network in networks], "n")
    for axes, candidate in zip(all_axes, CANDIDATES, strict=True):
        before = [network.candidates[candidate] for network in networks]
        axes.axline((0, 0), slope=1, color=GREY)
        for answers, color, label in ((before, ORANGE, "before"), (tempered(networks, before), BLUE, "after")):
            axes.errorbar(*reliability(stack(answers), label_strings).T, fmt=".-", color=color, label=label)
        axes.set(title=candidate, xlabel="confidence", xlim=(0.2, 1), ylim=(0.2, 1.02), aspect="equal")
        axes.spines[["top", "right"]].set_visible(False)
    all_axes[0].legend(frameon=False, loc="lower right")
    all_axes[0].set_ylabel("accuracy")
    return figure


def reliability(probabilities: Probabilities, label_strings: official.LabelStrings) -> NDArray[np.float64]:
    """Mean confidence, accuracy and its standard error, a row for each bin."""
    is_right = np.argmax(probabilities, axis=1) == official.true_values(label_strings)
    bins = np.array_split(np.array(sorted(zip(probabilities.max(axis=1), is_right, strict=True))), NUM_BINS)
    return np.array([(*each.mean(axis=0), each[:, 1].std() / len(each) ** 0.5) for each in bins])


if __name__ == "__main__":
    main()
