"""Feature maps of a backbone, of any of its levels, whole or reduced."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from apparel_eye.activations.index import ALL
from apparel_eye.activations.reductions import REDUCTIONS
from apparel_eye.chunks import ArrayChunk, slices
from apparel_eye.data import transforms
from apparel_eye.data.batches import read, read_ahead, to_half, to_host
from apparel_eye.data.randomness import Identities
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.subsets import Rows
from apparel_eye.errors import UsageError
from apparel_eye.networks.backbones import feature_maps, fit_to, levels, normalization, restored
from apparel_eye.networks.checkpoint import Weights
from apparel_eye.networks.device import Mode
from apparel_eye.networks.fusion import fused
from apparel_eye.parameters import AugmentationParameters, ExtractionParameters

_LAST = -1


def extractors_of(
    networks: Mapping[str, NDArray[Any]],
    backbone: str,
    size: tuple[int, int],
    extraction: ExtractionParameters,
    augmentation: AugmentationParameters,
    mode: Mode,
) -> "Extractors":
    """Ready to extract with networks of a backbone; arguments are ``Extractor``'s, weights are ``<network>/<name>``."""
    by_network: dict[str, dict[str, NDArray[Any]]] = {}
    for key, array in networks.items():
        number, _, name = key.partition("/")
        by_network.setdefault(number, {})[name] = array
    ordered = [by_network[number] for number in sorted(by_network, key=int)]
    return Extractors([Extractor(backbone, weights, size, extraction, augmentation, mode) for weights in ordered])


class Extractor:
    """A backbone, ready to give the feature maps of photos of a size.

    Args:
        backbone: timm's name.
        weights: the backbone's.
        size: height and width of the photos.
        extraction: which maps of which views, and what is kept of them.
        augmentation: of drawn views; ``max_zoom`` must be a number.
        mode: how to compute.

    Raises:
        UsageError: the backbone has no such level.
    """

    def __init__(
        self,
        backbone: str,
        weights: Weights,
        size: tuple[int, int],
        extraction: ExtractionParameters,
        augmentation: AugmentationParameters,
        mode: Mode,
    ) -> None:
        model = restored(backbone, fit_to(backbone, weights, size), size)
        _check_level(backbone, model, extraction.level)
        self._maps = partial(_maps_of_level, level=extraction.level)
        self._model = mode.place(fused(model, self._maps, size, mode.device))
        self._size = size
        self._extraction, self._augmentation, self.mode = extraction, augmentation, mode
        self._mean, self._std = (
            torch.tensor(values, device=mode.where)[:, None, None] for values in normalization(backbone)
        )

    def maps(self, pixels: Pixels, rows: Rows, identities: Identities) -> NDArray[np.float16]:
        """Maps of a batch of photos, shape (rows, views, C', H', W'): the views as they are named, then the drawn ones.

        Args:
            pixels: uint8, shape (N, H, W, 3).
            rows: the photos of the batch.
            identities: numbers of the photos' bytes, which alone decide on drawn views, shape (N,).
        """
        return self.maps_of(read(pixels, rows, self.mode.where), identities[rows])

    @torch.inference_mode()
    def maps_of(self, photos: Tensor, identities: Identities) -> NDArray[np.float16]:
        """The same of photos that are on the device, shape (B, H, W, 3), with a number for each of them."""
        assert photos.shape[1:3] == self._size
        kept = [self._kept(seen) for seen in transforms.render_each(photos, self._views(identities))]
        return to_host(torch.stack(kept, dim=1)).numpy()

    def _views(self, identities: Identities) -> Iterator[transforms.Transforms]:
        extraction = self._extraction
        for name in extraction.views:
            yield transforms.plain(len(identities), name == "mirrored")
        for number in range(extraction.num_drawn):
            yield transforms.draw(extraction.seed, number, identities, self._augmentation)

    def _kept(self, photos: Tensor) -> Tensor:
        normalized = self.mode.lay_out((photos - self._mean).div_(self._std))
        with self.mode.autocast():
            maps = self._maps(self._model, normalized)
        return to_half(REDUCTIONS[self._extraction.reduction](maps.float(), self._extraction))


class Extractors:
    """Networks side by side: the views of the first, then those of the second ...

    Args:
        extractors: one for each network.
    """

    def __init__(self, extractors: Sequence[Extractor]) -> None:
        self._extractors = extractors
        self.mode = extractors[0].mode

    def maps(self, pixels: Pixels, rows: Rows, identities: Identities) -> NDArray[np.float16]:
        """Maps of a batch of photos that no network was trained on, shape (rows, networks * views, C', H', W')."""
        photos = read(pixels, rows, self.mode.where)
        return self.maps_of(photos, identities[rows], np.full(len(rows), ALL))

    def maps_of(self, photos: Tensor, identities: Identities, network_of: Rows) -> NDArray[np.float16]:
        """The same of photos that are on the device.

        Args:
            photos: shape (B, H, W, 3).
            identities: a number for each of them.
            network_of: which network may see each; it stands in for the others, too. ``ALL`` if each may see it, and
                one network sees them all.
        """
        if len(self._extractors) == 1:
            return self._extractors[0].maps_of(photos, identities)
        found: NDArray[np.float16] | None = None
        for number, extractor in enumerate(self._extractors):
            own = network_of == number
            seen = own | (network_of == ALL)
            if not seen.any():
                continue
            maps = extractor.maps_of(photos[torch.from_numpy(seen).to(photos.device)], identities[seen])
            if found is None:
                found = np.empty((len(photos), len(self._extractors), *maps.shape[1:]), dtype=maps.dtype)
            found[seen, number] = maps
            found[own] = found[own, number][:, None]
        assert found is not None
        return found.reshape(len(photos), -1, *found.shape[3:])


def extract(
    pixels: Pixels, identities: Identities, network_of: Rows, extractors: Extractors, batch_size: int, first: int = 0
) -> Iterator[ArrayChunk]:
    """Maps of all photos from the first on in parts, float16, shape (N, networks * views, C', H', W').

    The next batch is read while one is computed. A GPU computes the next two while the caller stores one; a processor
    has no cores to spare for that, and storing takes it a fiftieth of the time.

    Args:
        pixels: as of ``Extractor.maps``.
        identities: likewise.
        network_of: which network may see each photo, shape (N,), see ``Extractors``.
        extractors: for photos of this size.
        batch_size: how many photos are computed at a time; a photo's numbers may depend on it in their last digits.
        first: how many photos are done already, whole batches.
    """

    def read_batch(rows: Rows) -> tuple[Tensor, Identities, Rows]:
        return read(pixels, rows, extractors.mode.where), identities[rows], network_of[rows]

    waiting = read_ahead(read_batch, slices(np.arange(first, len(pixels)), batch_size), 1)
    num_ahead = 2 if extractors.mode.where.type == "cuda" else 0
    with tqdm(total=len(pixels), initial=first, desc="activations", unit="photo", disable=None) as bar:
        for maps in read_ahead(lambda batch: extractors.maps_of(*batch), waiting, num_ahead):
            yield ArrayChunk(first, len(pixels), maps)
            first += len(maps)
            bar.update(len(maps))


def _check_level(backbone: str, model: nn.Module, level: int) -> None:
    if level == _LAST:
        return
    if not hasattr(model, "forward_intermediates"):
        raise UsageError(f"activations.level is {level}, but timm gives no levels of {backbone}; give -1")
    number = len(levels(model))
    if not -number <= level < number:
        raise UsageError(
            f"activations.level is {level}, but {backbone} has {number} levels; give one from {-number} to {number - 1}"
        )


def _maps_of_level(model: nn.Module, photos: Tensor, level: int) -> Tensor:
    if level == _LAST:  # with what comes after timm's last level: final norms, the last convolution of EfficientNets
        return feature_maps(model, photos)
    maps: Tensor
    [maps] = model.forward_intermediates(  # type: ignore[operator]
        photos, indices=[level], stop_early=True, intermediates_only=True
    )
    return maps
