"""Draws the README's picture from a finished run: validation photos with their labels and predictions.

    python docs/draw_garments.py data/demo

Right and wrong answers of the submitted candidate are shown in their true proportion, and evenly over the values, of
the photos in portrait format, which fit into a row.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from apparel_eye.data.subsets import Subsets
from apparel_eye.metrics.official import true_values
from apparel_eye.selection.tables import probabilities_of

_RIGHT, _WRONG, _TEXT = "#1f6f8b", "#c4511d", "#3c4448"
_WIDTH, _GAP, _ABOVE, _BELOW, _DPI = 1600, 14, 62, 38, 100  # pixels


def main() -> None:
    """Read the folder's results and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="output root of the run, with 01_raw below it")
    parser.add_argument("--category", default="skirt_length")
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("garments.png"))
    options = parser.parse_args()
    answers = read_answers(options.data, options.category)
    shown = choose(answers, options.photos)
    photos = [np.asarray(Image.open(options.data / "01_raw" / key).convert("RGB")) for key in shown["image_key"]]
    draw(photos, shown).savefig(options.output, dpi=_DPI)
    shrink(options.output)


def read_answers(data: Path, category: str) -> pd.DataFrame:
    """One row per validation photo, in the order of the values, with what the submitted candidate says about it."""
    primary = data / "03_primary" / category
    manifest, table = (pd.read_parquet(primary / f"{name}.parquet") for name in ("manifest", "subsets"))
    scores = json.loads((data / "08_reporting" / category / "scores.json").read_text(encoding="utf-8"))
    answered = pd.read_parquet(data / "07_model_output" / category / "probabilities.parquet")
    subsets = Subsets(table)
    keys, values = subsets.keys_of(subsets.validation), np.array(subsets.values)
    probabilities = probabilities_of(answered, scores["submission"]["candidate"], keys)
    truth = true_values(subsets.validation_label_strings)
    answers = pd.DataFrame(
        {
            "image_key": keys,
            "labelled": values[truth],
            "predicted": values[probabilities.argmax(axis=1)],
            "probability": probabilities.max(axis=1),
            "portrait": (manifest["width"] <= 0.8 * manifest["height"]).to_numpy()[subsets.validation],
        }
    )
    return answers.iloc[np.argsort(truth, kind="stable")].reset_index(drop=True)


def choose(answers: pd.DataFrame, num_photos: int) -> pd.DataFrame:
    """Rows evenly over the answers, in the order of their values; a right and a wrong one at least, if there are."""
    right = answers["labelled"] == answers["predicted"]
    num_right = int(np.clip(round(right.mean() * num_photos), 1, num_photos - 1))
    fits = answers["portrait"]
    rows = [
        *_evenly(np.flatnonzero(right & fits), num_right),
        *_evenly(np.flatnonzero(~right & fits), num_photos - num_right),
    ]
    return answers.iloc[sorted(rows)]


def draw(photos: list[NDArray[np.uint8]], shown: pd.DataFrame) -> Figure:
    """A row of photos of one height: prediction and probability above, the label below."""
    ratios = [photo.shape[1] / photo.shape[0] for photo in photos]
    photo_height = (_WIDTH - _GAP * (len(photos) + 1)) / sum(ratios)
    height = photo_height + _ABOVE + _BELOW
    figure = Figure(figsize=(_WIDTH / _DPI, height / _DPI), facecolor="white")
    left = float(_GAP)
    for photo, ratio, answer in zip(photos, ratios, shown.itertuples(), strict=True):
        width = ratio * photo_height
        axes = figure.add_axes((left / _WIDTH, _BELOW / height, width / _WIDTH, photo_height / height))
        is_right = answer.labelled == answer.predicted
        color = _RIGHT if is_right else _WRONG
        axes.imshow(photo, aspect="auto", interpolation="lanczos")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color=color, linewidth=4)
        middle = (left + width / 2) / _WIDTH
        above = f"{'✓' if is_right else '✗'} {answer.predicted}"
        write = partial(figure.text, middle, ha="center", va="center")
        write(1 - 0.34 * _ABOVE / height, above, color=color, weight="bold", size=12)
        write(1 - 0.74 * _ABOVE / height, f"{answer.probability:.0%}", color=color, size=12)
        write(0.45 * _BELOW / height, f"label: {answer.labelled}", color=_TEXT, size=11)
        left += width + _GAP
    return figure


def shrink(path: Path) -> None:
    """The same picture in 256 colors."""
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    reduced.save(path, optimize=True)


def _evenly(rows: NDArray[np.intp], count: int) -> list[int]:
    """Some of the rows, as far apart as they can be; all where there are no more."""
    if not len(rows):
        return []
    positions = (np.arange(count) + 0.5) * len(rows) / count
    return [int(row) for row in np.unique(rows[positions.astype(int)])]


if __name__ == "__main__":
    main()
