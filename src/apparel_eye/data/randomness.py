"""Randomness without state: the same numbers for the same seed, epoch and photo, whatever ran before."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Identities = NDArray[np.uint64]
"""Numbers of photos that decide what is drawn for them, shape (N,)."""


def uniform(seed: int, epoch: int, photos: ArrayLike, draws: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) that depend on nothing but their arguments.

    Args:
        seed: of the run.
        epoch: or the number of a view.
        photos: integers, one per photo, shape (B,).
        draws: how many numbers each photo gets.

    Returns:
        Shape (B, draws).
    """
    photo = np.asarray(photos, dtype=np.uint64)[:, None]
    draw = np.arange(draws, dtype=np.uint64)[None, :]
    bits: NDArray[np.uint64] | np.uint64 = np.uint64(seed)
    for part in (np.uint64(epoch), photo, draw):
        bits = _mix(bits ^ _mix(part))
    return np.asarray(bits >> np.uint64(11), dtype=np.float64) * 2.0**-53


def order(seed: int, epoch: int, num_photos: int) -> NDArray[np.intp]:
    """A permutation of the photos for an epoch."""
    return np.random.default_rng((seed, epoch)).permutation(num_photos)  # another stream than the views'


def _mix(value: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    """SplitMix64's step: a counter in, well-mixed bits out (Steele, Lea and Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        mixed = np.atleast_1d(value) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
