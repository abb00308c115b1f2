"""Numbers by which a photo finds its copies: the lowest frequencies of its thumbnail and of crops of it.

Mirroring and turning change only signs and order of a cosine transform, so all eight orientations come for free.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from torch import Tensor
from torch.nn import functional

from apparel_eye.data.duplicates.alignment import place

ORIENTATIONS = (
    "upright",
    "mirrored",
    "mirrored and turned",
    "turned",
    "mirrored and turned",
    "turned",
    "turned",
    "mirrored and turned",
)
"""By number ``4 t + 2 v + h``: transposed (t), then with rows reversed (v), then with columns reversed (h)."""
INVERSE = (0, 1, 2, 3, 4, 6, 5, 7)
"""Which orientation undoes which."""

_FREQUENCIES = 8
"""Per axis."""
_BLOCK = 1024
"""Photos at a time."""
_CROP = 0.08
"""Share of a side: what was cropped or padded by 10 % or less is near to one of these crops, or to none."""


def _crops() -> Tensor:
    """Top, left, height and width in shares of the sides: the whole, corners, center, edges, a smaller center."""
    rest = 1 - _CROP
    corners = [(_CROP * row, _CROP * column, rest, rest) for row in (0, 1) for column in (0, 1)]
    rows, columns = [(_CROP * end, 0, rest, 1) for end in (0, 1)], [(0, _CROP * end, 1, rest) for end in (0, 1)]
    center = (_CROP / 2, _CROP / 2, rest, rest)
    return torch.tensor([(0, 0, 1, 1), *corners, center, *rows, *columns, (_CROP, _CROP, 1 - 2 * _CROP, 1 - 2 * _CROP)])


CROPS = _crops()


def signatures_of(thumbnails: NDArray[np.uint8], rows: NDArray[np.intp]) -> Tensor:
    """Cosine coefficients of each crop, without brightness and contrast, shape (rows, crops, frequencies ** 2)."""
    signatures = torch.empty((len(rows), len(CROPS), _FREQUENCIES**2))
    for first in range(0, len(rows), _BLOCK):
        block = slice(first, first + _BLOCK)
        half = functional.avg_pool2d(torch.from_numpy(thumbnails[rows[block]]).float(), 2)
        for number, crop in enumerate(CROPS):
            signatures[block, number] = _coefficients(place(half, crop.expand(len(half), 4))[0])
    return signatures


def orient(photos: Tensor, orientations: Tensor) -> Tensor:
    """Square photos (B, side, side), each in its own orientation (B,)."""
    turned = torch.where((orientations & 4 > 0)[:, None, None], photos.transpose(1, 2), photos)
    turned = torch.where((orientations & 2 > 0)[:, None, None], turned.flip(1), turned)
    return torch.where((orientations & 1 > 0)[:, None, None], turned.flip(2), turned)


def orient_signatures(signatures: Tensor, orientations: Tensor) -> Tensor:
    """Signatures (..., frequencies ** 2) of the photos in other orientations (...)."""
    order, sign = _order_and_sign()
    return signatures.gather(-1, order[orientations]) * sign[orientations]


def _order_and_sign() -> tuple[Tensor, Tensor]:
    """Of the coefficients in each orientation, (orientations, frequencies ** 2)."""
    number = torch.arange(_FREQUENCIES**2).reshape(_FREQUENCIES, _FREQUENCIES)
    odd = torch.tensor([1.0, -1.0]).repeat(_FREQUENCIES // 2)
    order = [number.T if orientation & 4 else number for orientation in range(len(ORIENTATIONS))]
    sign = [
        (odd[:, None] if orientation & 2 else 1) * (odd if orientation & 1 else 1) * torch.ones(number.shape)
        for orientation in range(len(ORIENTATIONS))
    ]
    return torch.stack(order).flatten(1), torch.stack(sign).flatten(1)


def _coefficients(photos: Tensor) -> Tensor:
    basis = torch.from_numpy(dct(np.eye(photos.shape[-1]), axis=0, norm="ortho")[:_FREQUENCIES]).to(photos.dtype)
    coefficients = (basis @ photos @ basis.T).flatten(1)
    coefficients[:, 0] = 0
    return functional.normalize(coefficients, dim=1, eps=1.0)  # in grey levels: below is only rounding
