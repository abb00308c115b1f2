"""Writes drawn garments as a FashionAI release: labels, questions with their answers, and photos named by their MD5."""

import csv
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from apparel_eye.attributes import DIMENSIONS, FOLDER_SUFFIX
from drawn_garments.drawing import draw, drawn_as

SETTINGS_FILE = "samples.json"
JPEG_QUALITY = 88
SECONDS_UNTIL_BAR = 3.0
BASE, RANK = "base", "rank"
NUMBERED = (
    "coat_length", "collar_design", "lapel_design", "neck_design", "neckline_design", "pant_length", "skirt_length",
    "sleeve_length",
)  # fmt: skip
"""Dimensions whose place here seeds their pictures, so that published results can be drawn again; others' names do."""


class _Photo(NamedTuple):
    split: str
    category: str
    value: int
    number: int


def write_samples(
    folder: Path, categories: Sequence[str], photos: int, questions: int, seed: int, size: int = 256
) -> None:
    """Draw photos into a new folder, whole or not at all.

    A folder that already holds the same samples is left as it is. No sleeve photo is Invisible, as in the real data.

    Args:
        folder: where to write; must be missing, empty, or hold these very samples.
        categories: dimensions to draw, without the suffix ``_labels``.
        photos: labeled photos per value.
        questions: photos to predict per value.
        seed: of the pictures; a category's pictures do not depend on which others are drawn.
        size: long side of the photos in pixels.

    Raises:
        FileExistsError: the folder holds something else.
    """
    settings = json.dumps(
        {"categories": list(categories), "photos": photos, "questions": questions, "seed": seed, "size": size}
    )
    if is_written(folder, settings):
        print(f"{folder} already holds these samples; left as it is", file=sys.stderr)
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_release(draft, categories, photos, questions, seed, size)
        (draft / SETTINGS_FILE).write_text(settings + "\n", encoding="utf-8")
        draft.chmod(0o777 & ~_umask())
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def seed_of(category: str) -> int:
    """A number that stays a dimension's own, whichever dimensions are added."""
    return NUMBERED.index(category) if category in NUMBERED else zlib.crc32(category.encode())


def is_written(folder: Path, settings: str) -> bool:
    """Whether a folder already holds samples with these settings; an error if it holds anything else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    found = folder / SETTINGS_FILE
    if not found.is_file():
        raise FileExistsError(f"{folder} is not empty and was not written by this command; name a new folder")
    present = found.read_text(encoding="utf-8").strip()
    if present != settings:
        raise FileExistsError(
            f"{folder} holds samples with other settings: {present}, asked for {settings}; "
            "name a new folder, or remove it first"
        )
    return True


def _umask() -> int:
    """The process's umask: a temporary folder is private, the finished one should be like any other."""
    current = os.umask(0)
    os.umask(current)
    return current


def _plan(categories: Sequence[str], photos: int, questions: int) -> Iterator[_Photo]:
    for split, count in ((BASE, photos), (RANK, questions)):
        for category in categories:
            first = 0 if drawn_as(category).has_invisible else 1
            for value in range(first, len(DIMENSIONS[category])):
                for number in range(count):
                    yield _Photo(split, category, value, number)


def _write_release(folder: Path, categories: Sequence[str], photos: int, questions: int, seed: int, size: int) -> None:
    plan = list(_plan(categories, photos, questions))
    rows: dict[str, list[tuple[str, str, str]]] = {BASE: [], RANK: []}
    domains: list[tuple[str, str]] = []
    for photo in tqdm(plan, desc="Drawing", disable=None, unit="photo", delay=SECONDS_UNTIL_BAR, file=sys.stderr):
        path, label_string, domain = _write_photo(folder, photo, seed, size)
        rows[photo.split].append((path, photo.category + FOLDER_SUFFIX, label_string))
        domains.append((f"{photo.split}/{path}", domain))
    _write_table(folder / BASE / "Annotations" / "label.csv", rows[BASE])
    _write_table(folder / RANK / "Tests" / "answers.csv", rows[RANK])
    _write_table(folder / RANK / "Tests" / "question.csv", [(path, name, "?") for path, name, _ in rows[RANK]])
    _write_table(folder / "domain.csv", domains)


def _write_photo(folder: Path, photo: _Photo, seed: int, size: int) -> tuple[str, str, str]:
    part = (BASE, RANK).index(photo.split)
    generator = np.random.default_rng(
        np.random.SeedSequence((seed, seed_of(photo.category), part, photo.value, photo.number))
    )
    drawing = draw(photo.category, photo.value, generator, size)
    buffer = io.BytesIO()
    drawing.image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    content = buffer.getvalue()
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = f"Images/{photo.category}{FOLDER_SUFFIX}/{name}.jpg"
    target = folder / photo.split / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return path, drawing.label_string, drawing.domain


def _write_table(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
