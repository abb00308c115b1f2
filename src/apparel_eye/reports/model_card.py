"""What people should know of a trained category before they rely on it, as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

_SCORES = ("basic_precision", "average_precision", "accuracy", "log_loss")


@dataclass(frozen=True)
class Facts:
    """Of a run.

    Attributes:
        category: what is recognized.
        values: their names, in order.
        counts: training and validation photos of each value.
        num_groups: of products or persons, or photos alike, that stayed together in the split.
        domains: labelled photos of each domain, such as worn and flat.
        scores: as ``scores.json`` has them.
        precision: of answers, that the thresholds were chosen for.
        backbone: timm's name.
        weights: where the training started from, and their license.
        versions: of the software.
    """

    category: str
    values: Sequence[str]
    counts: Sequence[tuple[int, int]]
    num_groups: int
    domains: Mapping[str, int]
    scores: Mapping[str, Any]
    precision: float
    backbone: str
    weights: str
    versions: Mapping[str, str]


def versions_here() -> dict[str, str]:
    """Of the software that a model depends on."""
    return {name: version(name) for name in ("apparel-eye", "torch", "timm", "xgboost", "pillow")}


def write_card(facts: Facts) -> str:
    """The model card."""
    sections = {
        f"Model card: {facts.category}": _purpose(facts),
        "Data": _data(facts),
        "Scores on validation photos": _scores(facts),
        "Limits": "\n".join(f"- {limit}" for limit in _limits(facts)),
        "Weights": f"The backbone is `{facts.backbone}`. {facts.weights}",
        "Software": ", ".join(f"{name} {version}" for name, version in facts.versions.items()) + ".",
    }
    signs = ["#", *["##"] * (len(sections) - 1)]
    parts = [f"{sign} {title}\n\n{text}\n" for sign, (title, text) in zip(signs, sections.items(), strict=True)]
    return "\n".join(parts)


def _purpose(facts: Facts) -> str:
    chosen = facts.scores["submission"]
    return (
        f"Recognizes `{facts.category}` from a photo of one garment: {', '.join(facts.values)}. The candidate "
        f"`{chosen['candidate']}` answers, with calibrated probabilities. Where it is sure enough to be right in "
        f"{facts.precision:.0%} of such cases it answers; other photos are left to a person."
    )


def _data(facts: Facts) -> str:
    rows = [(value, *counts) for value, counts in zip(facts.values, facts.counts, strict=True)]
    totals = [sum(counts[side] for counts in facts.counts) for side in (0, 1)]
    table = _table(("value", "training photos", "validation photos"), [*rows, ("all", *totals)])
    domains = ", ".join(f"{number} {name}" for name, number in facts.domains.items())
    of_domains = f" By domain: {domains}." if domains else ""
    together = f"Photos that belong together stayed on one side of the split: {facts.num_groups} groups."
    return f"{table}\n\n{together}{of_domains}"


def _scores(facts: Facts) -> str:
    rows = [
        (f"`{name}`", *(_with_interval(found, score) for score in _SCORES))
        for name, found in facts.scores.items()
        if name not in ("submission", "photos", "test")
    ]
    chosen = facts.scores["submission"]
    said = [
        _table(("candidate", *(score.replace("_", " ") for score in _SCORES)), rows),
        "In brackets are 95 % intervals of a bootstrap over groups. Basic and average precision are FashionAI's.",
        f"Choosing a candidate like that reaches {chosen['basic_precision']:.3f} / {chosen['average_precision']:.3f} "
        f"on photos that took no part in the choice. It answers {chosen['answered_coverage']:.0%} of them, and of "
        f"these answers {chosen['answered_precision']:.3f} are right.",
    ]
    if "test" in facts.scores:
        test = facts.scores["test"]
        said.append(
            f"On the {test['photos']} photos of the given test it reaches {test['basic_precision']:.3f} / "
            f"{test['average_precision']:.3f}."
        )
    return "\n\n".join(said)


def _limits(facts: Facts) -> Iterable[str]:
    unknown = [value for value, (train, _) in zip(facts.values, facts.counts, strict=True) if not train]
    untested = [
        value for value, (train, validation) in zip(facts.values, facts.counts, strict=True) if train and not validation
    ]
    if unknown:
        yield f"It never answers {', '.join(unknown)}: there were no photos of it to train on."
    if untested:
        yield f"No validation photo is {', '.join(untested)}, so no score says how well it is recognized."
    yield (
        f"Scores, temperatures and thresholds come from {facts.scores['photos']} photos of the same sources as "
        "those of training; on photos of another kind they do not hold."
    )
    yield "A photo must show one garment: nothing is detected or cut out, and a photo without one is answered, too."


def _with_interval(found: Mapping[str, float], score: str) -> str:
    ends = f" ({found[f'{score}_low']:.2f} to {found[f'{score}_high']:.2f})" if f"{score}_low" in found else ""
    return f"{found[score]:.3f}{ends}"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
