"""A trained category, ready for photos: the models, which of them answers, and how sure it may say that it is."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ConfigDict, Field

from apparel_eye.chunks import slices
from apparel_eye.data.randomness import Identities
from apparel_eye.data.reading.photos import Pixels
from apparel_eye.data.sizes import Size
from apparel_eye.errors import UsageError, nearest
from apparel_eye.metrics.calibration import apply_temperature
from apparel_eye.metrics.official import Probabilities
from apparel_eye.parameters import (
    AugmentationParameters,
    ExtractionParameters,
    InferParameters,
    Parameters,
    PhotoParameters,
    ResizeMode,
)
from apparel_eye.parameters.candidates import BLEND, NETWORK
from apparel_eye.prediction.parts import ACTIVATIONS_PART, NETWORK_PART, Models, check_parts
from apparel_eye.selection.blend import Blend, blend

if TYPE_CHECKING:
    from PIL import Image

    from apparel_eye.networks.device import Mode


class Candidate(Parameters):
    """What validation photos say of a candidate."""

    temperature: float = Field(description="see calibration.temper")
    threshold: float | None = Field(description="least confidence of an answer; none: no confidence is enough")


class Mixture(Parameters):
    """How candidates are mixed in the candidate ``blend``, see ``blend.Blend``."""

    temperatures: dict[str, float]
    weights: dict[str, float]


class About(Parameters):
    """How a category's models are used; JSON beside them."""

    # JSON knows no tuples; it keeps the keys that the first version wrote, which are read for ever
    model_config = ConfigDict(strict=False, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    category: str
    values: tuple[str, ...]
    candidate: str = Field(alias="column", description="that answers where no other is wanted")
    candidates: dict[str, Candidate] = Field(alias="columns")
    blend: Mixture
    precision: float = Field(description="of the answers that thresholds leave, on validation photos")
    infer: InferParameters
    augmentation: AugmentationParameters
    limits: PhotoParameters
    resize: ResizeMode
    backbone: str
    activations: ExtractionParameters = Field(description="with height and width as its size")
    pooling: str = Field(description="of feature maps, for heads that are not fitted on whole maps")
    features: dict[str, str] = Field(description="what each head is fitted on: pooled, map")
    seen_values: tuple[int, ...] = Field(alias="present", description="values that the heads know")
    modes: dict[str, dict[str, str]]
    parts: dict[str, str] = Field(
        default_factory=dict, description="checksums of the models; none: written by a version that kept none"
    )


class Recognizer:
    """Answers with one candidate.

    Args:
        about: how the models are used.
        models: of the same category.
        candidate: that answers; if empty, the one that was best on validation photos.

    Raises:
        UsageError: there is no such candidate.
        DataError: models that it needs are of another training.
    """

    def __init__(self, about: About, models: Models, candidate: str = "") -> None:
        self.about, self._models = about, models.of_heads(about.features)
        self.candidate = candidate or about.candidate
        if self.candidate not in about.candidates:
            raise UsageError(
                f"predict.candidate is {self.candidate!r}; {nearest(self.candidate, about.candidates)}, or auto"
            )
        needs = [NETWORK_PART] if set(self._needed) & set(NETWORK) else []
        needs += [*self._needed_heads, ACTIVATIONS_PART] if self._needed_heads else []
        check_parts(self._models, about.parts, about.category, needs)

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Heights and widths of the photos that are looked at, each once."""
        sizes = []
        if set(self._needed) & set(NETWORK):
            sizes.append(self._network_size)
        if self._needed_heads:
            sizes.append(self._activations_size)
        return tuple(dict.fromkeys(sizes))

    def check(self) -> None:
        """Refuse models of another training, whether this candidate needs them or not."""
        check_parts(self._models, self.about.parts, self.about.category)

    @cached_property
    def version(self) -> str:
        """Of the models and how they are used: changes with any weight, and with what this says of them."""
        digest = hashlib.sha256(self.about.model_dump_json(exclude={"parts"}, exclude_defaults=True).encode())
        heads = [model for _, model in sorted(self._models.heads.items())]
        for model in (self._models.network.of("best"), self._models.networks, *heads):
            for name, part in [("", model.encode())] if isinstance(model, str) else sorted(model.items()):
                digest.update(name.encode())
                digest.update(part if isinstance(part, bytes) else np.asarray(part).tobytes())
        return digest.hexdigest()[:12]

    @property
    def threshold(self) -> float | None:
        """Least confidence of an answer."""
        return self.about.candidates[self.candidate].threshold

    def pixels_of(self, image: "Image.Image") -> tuple[Pixels, ...]:
        """A photo of each of the sizes, each of shape (height, width, 3)."""
        from apparel_eye.data.reading.photos import resize_photo

        return tuple(resize_photo(image, size, self.about.resize) for size in self.sizes)

    def predict(self, pixels: Sequence[Pixels], identities: Identities) -> Probabilities:
        """Calibrated probabilities of all values, shape (N, values).

        Args:
            pixels: of ``pixels_of``, an array for each of the sizes, shape (N, height, width, 3).
            identities: numbers of the photos' bytes, which decide on drawn views; a photo's answer depends on nothing
                but the photo.
        """
        raw = self._raw(dict(zip(self.sizes, pixels, strict=True)), identities)
        temperature = self.about.candidates[self.candidate].temperature
        if self.candidate == BLEND:
            mixture = self.about.blend
            return blend(raw, Blend(mixture.temperatures, mixture.weights, temperature), self.about.seen_values)
        return apply_temperature(raw[self.candidate], temperature, self._seen_values)

    @cached_property
    def mode(self) -> "Mode":
        """How to compute."""
        return mode_of(self.about)

    @property
    def _needed(self) -> tuple[str, ...]:
        """Candidates that must be computed."""
        return tuple(self.about.blend.weights) if self.candidate == BLEND else (self.candidate,)

    @property
    def _needed_heads(self) -> list[str]:
        """Of these, those of heads on activations."""
        return sorted(set(self._needed) & set(self.about.features))

    @property
    def _network_size(self) -> Size:
        height, width = self._models.network.description["size"]
        return height, width

    @property
    def _activations_size(self) -> Size:
        assert not isinstance(self.about.activations.size, int)  # the report has made an area a height and width
        return self.about.activations.size

    @property
    def _seen_values(self) -> tuple[int, ...]:
        return (
            tuple(self._models.network.description["present"]) if self.candidate in NETWORK else self.about.seen_values
        )

    def _raw(self, pixels: Mapping[Size, Pixels], identities: Identities) -> dict[str, Probabilities]:
        """Of the candidates that are needed, as they come out of the models."""
        raw: dict[str, Probabilities] = {}
        if set(self._needed) & set(NETWORK):
            of_network = pixels[self._network_size]
            found = self._network.predict(of_network, np.arange(len(of_network)), identities)
            raw |= dict(zip(NETWORK, found, strict=True))
        if self._needed_heads:
            raw |= self._from_activations(pixels[self._activations_size], identities)
        return raw

    @cached_property
    def _network(self) -> Any:
        from apparel_eye.networks.inference import Predictor

        infer = self.about.infer if "tta" in self._needed else self.about.infer.plain()
        return Predictor(self._models.network, "best", infer, self.about.augmentation, self.mode)

    def _from_activations(self, pixels: Pixels, identities: Identities) -> dict[str, Probabilities]:
        from apparel_eye.activations.pooling import POOLINGS
        from apparel_eye.classifiers.heads import predict_views

        about, size = self.about, self.about.infer.batch_size
        everyone = np.arange(len(pixels))
        maps = np.concatenate([self._extractors.maps(pixels, rows, identities) for rows in slices(everyone, size)])
        features = {"map": maps.reshape(*maps.shape[:2], -1)}
        if "pooled" in {about.features[name] for name in self._heads}:
            features["pooled"] = POOLINGS[about.pooling](maps)
        seen_values = np.array(about.seen_values)
        return {
            name: predict_views(head, features[about.features[name]], everyone, seen_values, len(about.values))
            for name, head in self._heads.items()
        }

    @cached_property
    def _extractors(self) -> Any:
        from apparel_eye.activations.extract import extractors_of

        about = self.about
        return extractors_of(
            self._models.networks,
            about.backbone,
            self._activations_size,
            about.activations,
            about.augmentation,
            self.mode,
        )

    @cached_property
    def _heads(self) -> dict[str, Callable[[Any], Probabilities]]:
        """Those that are needed, ready to predict."""
        from apparel_eye.classifiers.registry import load_head

        return {name: load_head(name, self._models.heads[name]) for name in self._needed_heads}


def extraction_of(activations: ExtractionParameters, size: Size) -> ExtractionParameters:
    """What was extracted, of photos of a height and width."""
    known = {name: getattr(activations, name) for name in ExtractionParameters.model_fields}
    return ExtractionParameters(**{**known, "size": size})


def mode_of(about: About) -> "Mode":
    """How to compute: as where the models were trained, if its device is here, too."""
    from apparel_eye.networks.device import Mode, is_there

    mode = Mode(**about.modes["predict"])
    return mode if is_there(mode.device) else Mode()
