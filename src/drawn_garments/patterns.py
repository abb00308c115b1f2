"""Patterns of cloth as arrays in pixels: how much of the accent color is where."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float32]


def folds(size: tuple[int, int], strength: float, generator: np.random.Generator) -> Pixels:
    """Streaks that run mostly downward: noise that varies quickly across and slowly down."""
    columns, rows = int(np.clip(size[0] / 9, 3, 26)), int(np.clip(size[1] / 45, 2, 6))
    coarse = generator.standard_normal((rows, columns), dtype=np.float32) * np.float32(strength)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def _grid(size: tuple[int, int]) -> tuple[Pixels, Pixels]:
    return np.arange(size[0], dtype=np.float32)[None, :], np.arange(size[1], dtype=np.float32)[:, None]


def _stripes(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    across, down = _grid(size)
    phase = (down + generator.normal(0.0, 0.06) * across) / period
    return np.asarray(phase % 1 < generator.uniform(0.4, 0.5), dtype=np.float32)


def _pinstripes(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    across, down = _grid(size)
    return np.asarray((across + generator.normal(0.0, 0.04) * down) % period < 1.0, dtype=np.float32)


def _checks(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    across, down = _grid(size)
    share = generator.uniform(0.3, 0.55)
    slant = generator.normal(0.0, 0.05)
    columns = ((across + slant * down) / period % 1 < share).astype(np.float32)
    rows = ((down - slant * across) / period % 1 < share).astype(np.float32)
    return np.asarray((columns + rows) * 0.5, dtype=np.float32)


def _dots(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    across, down = _grid(size)
    turn = np.float32(2 * np.pi / period)
    waves = np.cos(across * turn) + np.cos(down * turn)
    return np.asarray(waves > generator.uniform(0.7, 1.3), dtype=np.float32)


def _floral(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    columns, rows = (max(2, int(side / period * 1.6)) for side in size)
    coarse = Image.fromarray(generator.standard_normal((rows, columns), dtype=np.float32))
    blots = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))
    return np.asarray(np.clip(blots * 3.0 - 0.8, 0, 1), dtype=np.float32)


def _melange(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    return generator.random((size[1], size[0]), dtype=np.float32)


def _knit(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    across, down = _grid(size)
    turn = np.float32(2 * np.pi / max(period * 0.4, 3.0))
    waves = np.cos(across * turn + np.float32(0.6) * np.cos(down * turn))
    return np.asarray(waves * 0.5 + 0.5, dtype=np.float32)


def _ribs(size: tuple[int, int], period: float, generator: np.random.Generator) -> Pixels:
    across, down = _grid(size)
    waves = np.cos(across * np.float32(2 * np.pi / period)) + 0 * down
    return np.asarray(waves * 0.5 + 0.5, dtype=np.float32)


PATTERNS: dict[str, Callable[[tuple[int, int], float, np.random.Generator], Pixels]] = {
    "stripes": _stripes,
    "pinstripes": _pinstripes,
    "checks": _checks,
    "dots": _dots,
    "floral": _floral,
    "melange": _melange,
    "knit": _knit,
    "ribs": _ribs,
}
