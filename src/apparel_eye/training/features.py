"""What a frozen backbone gives the head: computed once, and kept."""

from collections.abc import Iterator

import torch
from tqdm import tqdm

from apparel_eye.chunks import ArrayChunk, slices
from apparel_eye.data import transforms
from apparel_eye.data.batches import read, to_half
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Subsets
from apparel_eye.networks.classifier import Classifier
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import AugmentationParameters, FeatureParameters


@torch.inference_mode()
def compute_features(
    pixels: Pixels,
    subsets: Subsets,
    model: Classifier,
    num_views: int,
    augmentation: AugmentationParameters,
    train: FeatureParameters,
    mode: Mode,
) -> Iterator[ArrayChunk]:
    """What a frozen backbone gives the head, in parts.

    Rows are ``num_views`` drawn views of the training photos, one view of all photos after the other, then the
    validation photos as they are. Shape (num_views * train + validation, features), float16.
    """
    assert pixels.shape[1:3] == model.size
    quick = model.fused(mode.device)
    mode.place(quick)
    rows_of_views = [*[(subsets.train, view) for view in range(num_views)], (subsets.validation, None)]
    num_rows = sum(len(rows) for rows, _ in rows_of_views)
    first = 0
    with tqdm(total=num_rows, desc="features", unit="photo", disable=None) as bar:
        for rows, view in rows_of_views:
            for photos in slices(rows, train.batch_size):
                drawn = (
                    transforms.plain(len(photos))
                    if view is None
                    else transforms.draw(train.seed, view, photos, augmentation)
                )
                seen = mode.lay_out(transforms.render(read(pixels, photos, mode.where), drawn))
                with mode.autocast():
                    features = quick.features(seen)
                yield ArrayChunk(first, num_rows, to_half(features).cpu().numpy())
                first += len(photos)
                bar.update(len(photos))
