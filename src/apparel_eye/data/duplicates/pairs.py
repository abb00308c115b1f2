"""Pairs of photos of which one is a copy of the other: recompressed, resized, toned, mirrored, turned, padded, cropped.

Three sieves, each finer and dearer than the one before: all pairs by the lowest frequencies of their thumbnails in the
eight orientations; the nearest of each photo by those of cropped thumbnails; what is left by its details, aligned.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from apparel_eye.data.duplicates.alignment import similarity
from apparel_eye.data.duplicates.frequencies import (
    CROPS,
    INVERSE,
    ORIENTATIONS,
    orient,
    orient_signatures,
    signatures_of,
)

_NEAREST, _NEAREST_SHARE = 64, 0.005
"""Photos that pass the first sieve, for each photo: that many, and that share of all."""
_ALIKE, _ALIGNED = 0.9, 6
"""Of them, those pass the second whose crops correlate that much, and at most that many."""
_BLOCK, _SUBBLOCK = 512, 16
"""Photos, or pairs of them, at a time; fewer where each brings all of its crops."""


class Pairs(NamedTuple):
    """Copies, each pair once.

    Attributes:
        first: row of a photo, shape (P,).
        second: row of the other, larger than the first.
        similarity: correlation of their details.
        orientation: how one lies relative to the other, one of ``frequencies.ORIENTATIONS``.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    similarity: NDArray[np.float64]
    orientation: NDArray[np.str_]


@torch.inference_mode()
def find_copies(thumbnails: NDArray[np.uint8], rows: NDArray[np.intp], min_similarity: float) -> Pairs:
    """Pairs whose aligned details correlate by at least ``min_similarity``.

    Args:
        thumbnails: shape (N, side, side); read in blocks, so it may be a memory-mapped file.
        rows: the photos to compare, in ascending order, shape (M,); files of the same bytes are copies anyway.
        min_similarity: 0 to 1.
    """
    signatures = signatures_of(thumbnails, rows)
    found = [torch.zeros((0, 4), dtype=torch.int64)]
    with tqdm(total=len(rows), desc="compare photos", unit="photo", disable=None) as bar:
        for block in torch.split(torch.arange(len(rows)), _BLOCK):
            others, orientations = _first_sieve(signatures, block)
            parts = [torch.split(tensor, _SUBBLOCK) for tensor in (block, others, orientations)]
            found += [_second_sieve(signatures, *part) for part in zip(*parts, strict=True)]
            bar.update(len(block))
    candidates = torch.cat(found)
    likeness = torch.zeros(len(candidates))
    with tqdm(total=len(candidates), desc="align likely copies", unit="pair", disable=None) as bar:
        for first in range(0, len(candidates), _BLOCK):
            block = candidates[first : first + _BLOCK]
            likeness[first : first + _BLOCK] = _third_sieve(thumbnails, rows, block)
            bar.update(len(block))
    return _copies(rows, candidates, likeness, min_similarity)


def _first_sieve(signatures: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest photos of some rows, and how these must be turned to lie like them, each (rows, nearest)."""
    num_photos = len(signatures)
    best = torch.full((len(rows), num_photos), -1.0)
    orientation = torch.zeros((len(rows), num_photos), dtype=torch.int8)
    for number in range(len(ORIENTATIONS)):
        turned = orient_signatures(signatures[rows, 0], torch.full((len(rows),), INVERSE[number]))
        correlation = turned @ signatures[:, 0].T
        orientation.masked_fill_(correlation > best, number)
        torch.maximum(best, correlation, out=best)
    best[torch.arange(len(rows)), rows] = -1.0
    nearest = best.topk(min(num_photos, _NEAREST + int(_NEAREST_SHARE * num_photos)), dim=1).indices
    return nearest, orientation.gather(1, nearest).long()


def _second_sieve(signatures: Tensor, rows: Tensor, others: Tensor, orientations: Tensor) -> Tensor:
    """Likely copies: row, other row, orientation of the other, and which crops are alike, (candidates, 4)."""
    own, turned = signatures[rows], orient_signatures(signatures[others, 0], orientations)
    cropped = turned @ own.transpose(1, 2)  # crops of the row against the whole other
    turned_back = orient_signatures(own[:, :1].expand_as(turned), torch.tensor(INVERSE)[orientations])
    padded = (signatures[others][:, :, 1:] @ turned_back[..., None])[..., 0]  # the whole row against crops of the other
    alike, which = torch.cat([cropped, padded], dim=2).max(dim=2)
    alike[others == rows[:, None]] = -1.0
    top = alike.topk(min(_ALIGNED, alike.shape[1]), dim=1)
    row, column = (top.values >= _ALIKE).nonzero(as_tuple=True)
    place = top.indices[row, column]
    return torch.stack([rows[row], others[row, place], orientations[row, place], which[row, place]], dim=1)


def _third_sieve(thumbnails: NDArray[np.uint8], rows: NDArray[np.intp], candidates: Tensor) -> Tensor:
    """Correlation of the aligned details, (candidates,)."""
    one, other, orientations, which = candidates.unbind(1)
    first, second = (torch.from_numpy(thumbnails[rows[side.numpy()]]).float() for side in (one, other))
    return similarity(first, orient(second, orientations), _placements()[orientations, which])


def _placements() -> Tensor:
    """Where the first lies on the turned second, by orientation and by which crops are alike."""
    top, left, height, width = CROPS.unbind(1)
    cropped = torch.stack([-top / height, -left / width, 1 / height, 1 / width], dim=1)
    return torch.stack([torch.cat([cropped, _turned(number)[1:]]) for number in range(len(ORIENTATIONS))])


def _turned(orientation: int) -> Tensor:
    """Where the crops of a photo lie when it is turned."""
    top, left, height, width = CROPS.unbind(1)
    if orientation & 4:
        top, left, height, width = left, top, width, height
    if orientation & 2:
        top = 1 - top - height
    if orientation & 1:
        left = 1 - left - width
    return torch.stack([top, left, height, width], dim=1)


def _copies(rows: NDArray[np.intp], candidates: Tensor, likeness: Tensor, min_similarity: float) -> Pairs:
    """Each pair once; most are found from both of their photos, and the better alignment counts."""
    similar, kept = likeness.double().numpy(), (likeness >= min_similarity).numpy()
    pairs, orientations = candidates[:, :2].sort(dim=1).values.numpy()[kept], candidates[:, 2].numpy()[kept]
    order = np.lexsort((-similar[kept], pairs[:, 1], pairs[:, 0]))
    _, first = np.unique(pairs[order], axis=0, return_index=True)
    best = order[first]
    chosen = rows[pairs[best]]
    return Pairs(chosen[:, 0], chosen[:, 1], similar[kept][best], np.array(ORIENTATIONS)[orientations[best]])
