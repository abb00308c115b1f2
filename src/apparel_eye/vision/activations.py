"""Last feature maps of a backbone."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from apparel_eye.array_part import ArrayPart
from apparel_eye.subsets import Rows
from apparel_eye.vision import views
from apparel_eye.vision.backbones import Weights, feature_maps, fit_to, normalization, restored
from apparel_eye.vision.batches import Pixels, batches, read, to_half
from apparel_eye.vision.device import Mode


class Extractor:
    """A backbone, ready to give the last feature maps of photos of a size.

    Args:
        backbone: timm's name.
        weights: the backbone's.
        size: height and width of the photos.
        view_names: ``plain``, ``mirrored``.
        mode: how to compute.
    """

    def __init__(
        self, backbone: str, weights: Weights, size: tuple[int, int], view_names: Sequence[str], mode: Mode
    ) -> None:
        self._model = mode.place(restored(backbone, fit_to(backbone, weights, size), size))
        self._view_names, self._mode = view_names, mode
        self._mean, self._std = (
            torch.tensor(values, device=mode.where)[:, None, None] for values in normalization(backbone)
        )

    @torch.inference_mode()
    def maps(self, pixels: Pixels, rows: Rows) -> NDArray[np.float16]:
        """Feature maps of a batch of photos of shape (N, H, W, 3): (rows, views, C, H', W')."""
        photos = read(pixels, rows, self._mode.where)
        seen = [views.render(photos, views.plain(len(rows), name == "mirrored")) for name in self._view_names]
        return torch.stack([self._maps((view - self._mean) / self._std) for view in seen], dim=1).cpu().numpy()

    def _maps(self, normalized: Tensor) -> Tensor:
        with self._mode.autocast():
            maps = feature_maps(self._model, self._mode.lay_out(normalized))
        return to_half(maps)


def extract(
    pixels: Pixels, backbone: str, weights: Weights, view_names: Sequence[str], batch_size: int, mode: Mode
) -> Iterator[ArrayPart]:
    """Feature maps of all photos in parts, float16, shape (N, views, C, H', W'); the arguments are ``Extractor``'s."""
    extractor = Extractor(backbone, weights, (pixels.shape[1], pixels.shape[2]), view_names, mode)
    with tqdm(total=len(pixels), desc="activations", unit="photo", disable=None) as bar:
        for rows in batches(np.arange(len(pixels)), batch_size):
            yield ArrayPart(int(rows[0]), len(pixels), extractor.maps(pixels, rows))
            bar.update(len(rows))
