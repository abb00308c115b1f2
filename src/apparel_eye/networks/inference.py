"""Probabilities of photos, plain and averaged over views."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from apparel_eye import signals
from apparel_eye.chunks import slices
from apparel_eye.data import transforms
from apparel_eye.data.batches import read
from apparel_eye.data.randomness import Identities
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Rows
from apparel_eye.metrics.official import Probabilities
from apparel_eye.metrics.probabilities import with_floor
from apparel_eye.networks.checkpoint import Checkpoint
from apparel_eye.networks.classifier import Description, restore
from apparel_eye.networks.device import Mode
from apparel_eye.parameters import AugmentationParameters, InferParameters


class Predictor:
    """A network of a checkpoint, ready to predict photos of its size."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        reason: str,
        infer: InferParameters,
        augmentation: AugmentationParameters,
        mode: Mode,
    ) -> None:
        model, self._description = restore(checkpoint, reason)
        self._model = mode.place(model.fused(mode.device))
        self._infer, self._augmentation, self._mode = infer, augmentation, mode

    def predict(self, pixels: Pixels, rows: Rows, identities: Identities) -> tuple[Probabilities, Probabilities]:
        """Plain and TTA probabilities, each of shape (rows, values).

        TTA is the mean over the plain photo, the mirrored one if it is asked for, and ``num_drawn`` of ``num_views``
        training-style views. Probabilities are
        averaged, not logits: a view on which the model is very sure does not outvote the others (AlexNet, NeurIPS
        2012, section 4.1).

        Args:
            pixels: uint8, shape (N, H, W, 3), of the network's size.
            rows: the photos to predict.
            identities: what decides each photo's views, so that they do not depend on its neighbors, shape (N,).
        """
        assert pixels.shape[1:3] == self._description.size
        infer = self._infer
        plain, averaged = [np.zeros((0, len(self._description.values)))], [np.zeros((0, len(self._description.values)))]
        is_quick = len(rows) <= infer.batch_size
        with tqdm(total=len(rows), desc="predict", unit="photo", disable=is_quick or None) as bar:
            for batch in slices(rows, infer.batch_size):
                drawn = transforms.draw_for_test(
                    infer.seed, identities[batch], infer.num_views, infer.num_drawn, self._augmentation
                )
                mirrored = [transforms.plain(len(batch), mirrored=True)] if infer.mirrored else []
                all_views = [transforms.plain(len(batch)), *mirrored, *drawn]
                per_view = _per_view(self._model, self._description, pixels, batch, all_views, self._mode)
                plain.append(per_view[0])
                weights = np.array([infer.plain_weight, *np.ones(len(all_views) - 1)])
                averaged.append(np.tensordot(weights / weights.sum(), per_view, axes=1))
                bar.update(len(batch))
        return np.concatenate(plain), np.concatenate(averaged)


def identity_of(checksum: str) -> int:
    """A photo's number, from the checksum of its bytes."""
    return int(checksum[:16], 16)


def predict_plain(
    model: nn.Module, description: Description, pixels: Pixels, rows: Rows, batch_size: int, mode: Mode
) -> Probabilities:
    """Probabilities of the photos as they are; the model's mode is left as it is.

    Raises:
        Interrupted: the run was asked to stop.
    """
    predicted = [np.zeros((0, len(description.values)))]
    for batch in slices(rows, batch_size):
        predicted.append(_per_view(model, description, pixels, batch, [transforms.plain(len(batch))], mode)[0])
        signals.stop()
    return np.concatenate(predicted)


@torch.inference_mode()
def _per_view(
    model: nn.Module,
    description: Description,
    pixels: Pixels,
    rows: Rows,
    all_views: Sequence[transforms.Transforms],
    mode: Mode,
) -> NDArray[np.float64]:
    """Probabilities of each view, shape (views, rows, values)."""
    photos = read(pixels, rows, mode.where)
    with mode.autocast():
        logits = [model(mode.lay_out(seen)) for seen in transforms.render_each(photos, all_views)]
    return np.stack([to_probabilities(logit, description) for logit in logits])


def to_probabilities(logits: Tensor, description: Description) -> Probabilities:
    """Softmax over the values that have training photos; the others get their fixed floor."""
    probabilities = logits.float()[:, list(description.seen_values)].softmax(dim=1).cpu().numpy()
    return with_floor(probabilities, description.seen_values, len(description.values))
