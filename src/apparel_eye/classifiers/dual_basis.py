"""Few photos with many features: what a model with an L2 penalty can learn of them lies in as many dimensions as there
are examples, so it is found there, and features are read from disk some columns at a time. Features of very many
examples stay as they are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apparel_eye.classifiers.heads import Examples

Matrix = NDArray[np.float32]
_SMALLEST = np.float32(1e-6)
_MANY, _FEW = 4_096, 4
"""Examples of which pairs are too many to rotate, where there are not more features for each."""
_COLUMNS = 16_384
"""Read at a time."""


@dataclass(frozen=True)
class DualBasis:
    """Standardized examples in coordinates of their own: rotated, and dimensions in which all are alike left out.

    Features are scaled so that an example has a mean square of 1 in all of them together; an L2 penalty then means the
    same for any number of features.

    Attributes:
        mean: of each feature, shape (D,).
        scale: of each feature, shape (D,).
        coordinates: of the examples, shape (n, r); r is at most n, or D where features are not rotated.
        axes: of the coordinates in examples, shape (n, r); None where features are not rotated.
    """

    examples: Examples
    mean: Matrix
    scale: Matrix
    coordinates: Matrix
    axes: Matrix | None

    def to_features(self, vectors: Matrix) -> Matrix:
        """Vectors in the coordinates as vectors of standardized features: (r, k) to (D, k)."""
        if self.axes is None:
            return vectors * (deviation(self.scale) > _SMALLEST)[:, None]  # others never varied
        in_examples = self.axes @ vectors
        chunks = [_standardized(self, columns).T @ in_examples for columns in _columns(self.examples)]
        return np.concatenate(chunks)


def dual_basis(examples: Examples) -> DualBasis:
    """The coordinates of examples; memory for some columns at a time and for pairs of examples."""
    if len(examples) > _MANY and examples.num_features <= _FEW * len(examples):
        return _as_they_are(examples)
    means, scales = [], []
    products = np.zeros((len(examples), len(examples)), dtype=np.float32)
    root = np.float32(np.sqrt(examples.num_features))
    for columns in _columns(examples):
        features = examples.columns(columns)
        means.append(features.mean(axis=0))
        scales.append((features.std(axis=0) + _SMALLEST) * root)
        standardized = (features - means[-1]) / scales[-1]
        products += standardized @ standardized.T
    squares, vectors = np.linalg.eigh(products)
    kept = squares > _SMALLEST * squares[-1]
    kept[-1] = True  # also where all are alike
    lengths = np.sqrt(np.maximum(squares[kept], np.finfo(np.float32).tiny))
    axes = vectors[:, kept] / lengths
    return DualBasis(examples, np.concatenate(means), np.concatenate(scales), vectors[:, kept] * lengths, axes)


def _as_they_are(examples: Examples) -> DualBasis:
    features = examples.columns(slice(None))  # a copy
    mean = features.mean(axis=0)
    scale = (features.std(axis=0) + _SMALLEST) * np.float32(np.sqrt(examples.num_features))
    features -= mean
    features /= scale
    return DualBasis(examples, mean, scale, features, None)


def deviation(scale: Matrix) -> Matrix:
    """Standard deviations of features, of which the scales are given."""
    return scale / np.float32(np.sqrt(len(scale))) - _SMALLEST


def _standardized(dual_basis: DualBasis, columns: slice) -> Matrix:
    standardized: Matrix = (dual_basis.examples.columns(columns) - dual_basis.mean[columns]) / dual_basis.scale[columns]
    return standardized


def _columns(examples: Examples) -> Iterator[slice]:
    for first in range(0, examples.num_features, _COLUMNS):
        yield slice(first, min(first + _COLUMNS, examples.num_features))
