"""How many planted copies of photos are found, and which real photos are merged, against the threshold.

    python benchmarks/duplicates.py DATA [--photos 300] [--figure docs/duplicates.png]

DATA is a raw folder in the FashionAI layout. Copies of a random part of its different photos are made in memory, one
transform at a time, and looked for among all others. Printed are the share found and the seconds of the search at the
default threshold, and the real photos that it merges; the figure shows both against the threshold.
"""

import argparse
import hashlib
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import yaml
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from apparel_eye.data.duplicates.pairs import Pairs, find_copies
from apparel_eye.data.duplicates.thumbnails import SIDE, thumbnail
from apparel_eye.data.reading.photos import read_photo
from apparel_eye.parameters import IngestParameters

_LOWEST = 0.3
_COLORS = ("#1f6f8b", "#d97b29", "#3c4448", "#7a9e3f", "#c4511d")
Transform = Callable[[Image.Image, np.random.Generator], Image.Image]


def main() -> None:
    """Print a line per transform and per pair of merged photos, and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    ingest = IngestParameters(**yaml.safe_load(Path("conf/base/ingest/parameters.yml").read_text())["ingest"])
    threshold = ingest.duplicates.min_similarity
    contents = {hashlib.sha256(path.read_bytes()).digest(): path for path in arguments.data.glob("*/Images/*/*")}
    paths = sorted(contents.values())
    photos = np.stack([thumbnail(read_photo(path.read_bytes(), ingest.photos, 2 * SIDE).image) for path in paths])
    chosen = np.sort(np.random.default_rng(0).choice(len(paths), arguments.photos, replace=False))
    print(f"{len(paths):,} different photos, copies of {len(chosen)}, threshold {threshold}")
    found: dict[str, list[NDArray[np.float64]]] = {}
    for name, (family, transform) in TRANSFORMS.items():
        copies = np.stack([_copy(paths[row], transform, int(row), ingest) for row in chosen])
        started = time.perf_counter()
        similarity = _of_planted(_search(np.concatenate([photos, copies])), chosen, len(paths))
        share, seconds = (similarity >= threshold).mean(), time.perf_counter() - started
        print(f"{name:28s} {100 * share:6.1f} %  {seconds:5.1f} s", flush=True)
        found.setdefault(family, []).append(similarity)
    real = _search(photos)
    for row in np.flatnonzero(real.similarity >= threshold):
        merged = [paths[side[row]].relative_to(arguments.data) for side in (real.first, real.second)]
        print(f"{real.similarity[row]:.3f}", *merged)
    if arguments.figure:
        _draw(found, real, threshold).savefig(arguments.figure)


def _recompressed(image: Image.Image, quality: int) -> Image.Image:
    image.save(buffer := io.BytesIO(), "JPEG", quality=quality)
    return Image.open(buffer)


def _toned(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    for kind, most in ((ImageEnhance.Brightness, 0.25), (ImageEnhance.Contrast, 0.25), (ImageEnhance.Color, 0.5)):
        image = kind(image).enhance(generator.uniform(1 - most, 1 + most))
    return image


def _padded(image: Image.Image, share: float, generator: np.random.Generator) -> Image.Image:
    border = tuple(round(share * side) for side in image.size)
    return ImageOps.expand(image, border, fill=(int(generator.choice([0, 128, 255])),) * 3)


def _cropped(image: Image.Image, share: float, generator: np.random.Generator | None = None) -> Image.Image:
    """Sides shorter by a share, at a random place or from the center."""
    cut = [round(share * side) for side in image.size]
    left, top = (int(generator.integers(0, each + 1)) if generator else each // 2 for each in cut)
    return image.crop((left, top, left + image.width - cut[0], top + image.height - cut[1]))


_EASY, _TURNED, _PADDED, _LITTLE, _MUCH = (
    "recompressed, resized, blurred, toned, grey", "mirrored, turned", "padded", "cropped by 5 %", "cropped by 10 %"
)  # fmt: skip
_TURN = Image.Transpose
TRANSFORMS: dict[str, tuple[str, Transform]] = {
    "recompressed, quality 30": (_EASY, lambda image, _: _recompressed(image, 30)),
    "recompressed, quality 60": (_EASY, lambda image, _: _recompressed(image, 60)),
    "resized to half": (_EASY, lambda image, _: ImageOps.scale(image, 0.5)),
    "resized to 1.5 times": (_EASY, lambda image, _: ImageOps.scale(image, 1.5)),
    "blurred by 2 pixels": (_EASY, lambda image, _: image.filter(ImageFilter.GaussianBlur(2))),
    "toned": (_EASY, _toned),
    "grey": (_EASY, lambda image, _: image.convert("L")),
    "mirrored": (_TURNED, lambda image, _: ImageOps.mirror(image)),
    "turned by 90": (_TURNED, lambda image, _: image.transpose(_TURN.ROTATE_90)),
    "turned by 180": (_TURNED, lambda image, _: image.transpose(_TURN.ROTATE_180)),
    "turned by 270": (_TURNED, lambda image, _: image.transpose(_TURN.ROTATE_270)),
    "padded by 5 % at each side": (_PADDED, lambda image, generator: _padded(image, 0.05, generator)),
    "padded by 10 % at each side": (_PADDED, lambda image, generator: _padded(image, 0.10, generator)),
    "cropped by 5 % of a side": (_LITTLE, lambda image, generator: _cropped(image, 0.05, generator)),
    "cropped by 5 % at each side": (_LITTLE, lambda image, _: _cropped(image, 0.10)),
    "cropped by 10 % of a side": (_MUCH, lambda image, generator: _cropped(image, 0.10, generator)),
}


def _copy(path: Path, transform: Transform, seed: int, ingest: IngestParameters) -> NDArray[np.uint8]:
    """Thumbnail of a copy, saved as a JPEG in memory."""
    original = read_photo(path.read_bytes(), ingest.photos).image
    transform(original, np.random.default_rng(seed)).save(buffer := io.BytesIO(), "JPEG", quality=90)
    return thumbnail(read_photo(buffer.getvalue(), ingest.photos, 2 * SIDE).image)


def _search(photos: NDArray[np.uint8]) -> Pairs:
    return find_copies(photos, np.arange(len(photos)), _LOWEST)


def _of_planted(pairs: Pairs, chosen: NDArray[np.intp], num_real: int) -> NDArray[np.float64]:
    """Similarity of each planted copy to its original, 0 where it is not found."""
    planted = np.flatnonzero(pairs.second >= num_real)
    copy = pairs.second[planted] - num_real
    own = chosen[copy] == pairs.first[planted]
    similarity = np.zeros(len(chosen))
    similarity[copy[own]] = pairs.similarity[planted[own]]
    return similarity


def _draw(found: dict[str, list[NDArray[np.float64]]], real: Pairs, threshold: float) -> Figure:
    figure = Figure(figsize=(8, 7), dpi=110, layout="constrained")
    shares, merged = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    steps = np.linspace(_LOWEST, 1, 281)
    for (family, similarity), color in zip(found.items(), _COLORS, strict=True):
        shares.plot(steps, [100 * np.mean(np.stack(similarity) >= step) for step in steps], color=color, label=family)
    counts = np.array([(real.similarity >= step).sum() for step in steps])
    merged.semilogy(steps[counts > 0], counts[counts > 0], color=_COLORS[0], drawstyle="steps-pre")
    merged.yaxis.set_major_formatter("{x:.0f}")
    for axes in (shares, merged):
        axes.axvline(threshold, color="#b8c0c4", linestyle="--", zorder=0)
        axes.spines[["top", "right"]].set_visible(False)
    shares.set(ylabel="planted copies found, %", ylim=(0, 102))
    shares.text(threshold, 3, f" default, {threshold}", color="#3c4448")
    shares.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.1))
    merged.set(ylabel="real pairs merged", xlabel="threshold", xlim=(_LOWEST, 1))
    return figure


if __name__ == "__main__":
    main()
