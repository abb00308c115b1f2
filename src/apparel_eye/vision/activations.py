"""Last feature maps of a backbone."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from apparel_eye.array_part import ArrayPart
from apparel_eye.vision import views
from apparel_eye.vision.backbones import Weights, feature_maps, fit_to, normalization, restored
from apparel_eye.vision.batches import Pixels, batches, read, to_half
from apparel_eye.vision.device import Mode


@torch.inference_mode()
def extract(
    pixels: Pixels, backbone: str, weights: Weights, view_names: Sequence[str], batch_size: int, mode: Mode
) -> Iterator[ArrayPart]:
    """Feature maps of all photos in parts, float16, shape (N, views, C, H', W').

    Args:
        pixels: uint8, shape (N, H, W, 3).
        backbone: timm's name.
        weights: the backbone's.
        view_names: ``plain``, ``mirrored``.
        batch_size: photos at a time.
        mode: how to compute.
    """
    size = (pixels.shape[1], pixels.shape[2])
    model = mode.place(restored(backbone, fit_to(backbone, weights, size), size))
    mean, std = (torch.tensor(values, device=mode.where)[:, None, None] for values in normalization(backbone))
    with tqdm(total=len(pixels), desc="activations", unit="photo", disable=None) as bar:
        for rows in batches(np.arange(len(pixels)), batch_size):
            photos = read(pixels, rows, mode.where)
            seen = [views.render(photos, views.plain(len(rows), name == "mirrored")) for name in view_names]
            maps = torch.stack([_maps(model, (view - mean) / std, mode) for view in seen], dim=1)
            yield ArrayPart(int(rows[0]), len(pixels), maps.cpu().numpy())
            bar.update(len(rows))


def _maps(model: nn.Module, normalized: torch.Tensor, mode: Mode) -> torch.Tensor:
    with mode.autocast():
        maps = feature_maps(model, mode.lay_out(normalized))
    return to_half(maps)
