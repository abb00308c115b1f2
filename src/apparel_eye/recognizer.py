"""A trained category, ready for photos: the models, which of them answers, and how sure it may say that it is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from apparel_eye.calibration import temper
from apparel_eye.checkpoint import Checkpoint, Weights
from apparel_eye.columns import NETWORK
from apparel_eye.errors import UsageError
from apparel_eye.nearest import nearest
from apparel_eye.parameters import AugmentationParameters, InferParameters, Parameters, PhotoParameters, ResizeMode

if TYPE_CHECKING:
    from PIL import Image

    from apparel_eye.vision.device import Mode

Pixels = NDArray[np.uint8]
Probabilities = NDArray[np.float64]


class Column(Parameters):
    """What validation photos say of a column."""

    temperature: float = Field(gt=0, description="see calibration.temper")
    threshold: float | None = Field(description="least confidence of an answer; none: no confidence is enough")


class About(Parameters):
    """How a category's models are used; JSON beside them."""

    model_config = ConfigDict(strict=False)  # JSON knows no tuples

    category: str
    values: tuple[str, ...]
    column: str = Field(description="that answers where no other is wanted")
    columns: dict[str, Column]
    precision: float = Field(description="of the answers that thresholds leave, on validation photos")
    infer: InferParameters
    augmentation: AugmentationParameters
    limits: PhotoParameters
    resize: ResizeMode
    backbone: str
    activations_size: tuple[int, int]
    activations_views: tuple[Literal["plain", "mirrored"], ...]
    present: tuple[int, ...] = Field(description="values that the heads know")
    modes: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Models:
    """What a category's runs have fitted.

    Attributes:
        network: of the last stage.
        backbone: pretrained weights, of which the activations are.
        heads: on activations, by column: ``xgboost`` as JSON, ``logistic`` as weights.
    """

    network: Checkpoint
    backbone: Weights
    heads: Mapping[str, Any]


class Recognizer:
    """Answers with one column.

    Args:
        about: how the models are used.
        models: of the same category.
        column: that answers; if empty, the one that was best on validation photos.

    Raises:
        UsageError: there is no such column.
    """

    def __init__(self, about: About, models: Models, column: str = "") -> None:
        self.about, self._models = about, models
        self.column = column or about.column
        if self.column not in about.columns:
            raise UsageError(f"predict.column is {self.column!r}; {nearest(self.column, about.columns)}, or auto")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the photos that the column looks at."""
        if self.column in NETWORK:
            height, width = self._models.network.description["size"]
            return height, width
        return self.about.activations_size

    @cached_property
    def version(self) -> str:
        """Of the models and how they are used: changes with any weight, and with what this says of them."""
        digest = hashlib.sha256(self.about.model_dump_json().encode())
        heads = [model for _, model in sorted(self._models.heads.items())]
        for model in (self._models.network.of("best"), self._models.backbone, *heads):
            for name, part in [("", model.encode())] if isinstance(model, str) else sorted(model.items()):
                digest.update(name.encode())
                digest.update(part if isinstance(part, bytes) else np.asarray(part).tobytes())
        return digest.hexdigest()[:12]

    @property
    def threshold(self) -> float | None:
        """Least confidence of an answer."""
        return self.about.columns[self.column].threshold

    def pixels_of(self, image: "Image.Image") -> Pixels:
        """A photo as the column looks at it, shape (height, width, 3)."""
        from apparel_eye.vision.reading.photos import resize_photo

        return resize_photo(image, self.size, self.about.resize)

    def predict(self, pixels: Pixels, identities: NDArray[np.uint64]) -> Probabilities:
        """Calibrated probabilities of all values, shape (N, values).

        Args:
            pixels: of ``pixels_of``, shape (N, height, width, 3).
            identities: numbers of the photos' bytes, which decide on drawn views; a photo's answer depends on nothing
                but the photo.
        """
        present = self._present
        return temper(self._raw(pixels, identities), self.about.columns[self.column].temperature, present)

    @cached_property
    def mode(self) -> "Mode":
        """How to compute."""
        return mode_of(self.about)

    @property
    def _present(self) -> tuple[int, ...]:
        return tuple(self._models.network.description["present"]) if self.column in NETWORK else self.about.present

    def _raw(self, pixels: Pixels, identities: NDArray[np.uint64]) -> Probabilities:
        everyone = np.arange(len(pixels))
        if self.column in NETWORK:
            by_column = dict(zip(NETWORK, self._network.predict(pixels, everyone, identities), strict=True))
            return np.asarray(by_column[self.column])
        return self._from_activations(pixels)

    @cached_property
    def _network(self) -> Any:
        from apparel_eye.vision.inference import Predictor

        infer = self.about.infer if self.column == "tta" else self.about.infer.plain()
        return Predictor(self._models.network, "best", infer, self.about.augmentation, self.mode)

    def _from_activations(self, pixels: Pixels) -> Probabilities:
        from apparel_eye.boosting.heads import predict_views
        from apparel_eye.boosting.pooling import rows_of
        from apparel_eye.vision.batches import batches

        extractor, head = self._extractor_and_head
        size = self.about.infer.batch_size
        features = [rows_of(extractor.maps(pixels, rows)) for rows in batches(np.arange(len(pixels)), size)]
        return predict_views(head, np.concatenate(features), np.array(self.about.present), len(self.about.values))

    @cached_property
    def _extractor_and_head(self) -> tuple[Any, Any]:
        from functools import partial

        from apparel_eye.boosting import logistic
        from apparel_eye.boosting.xgboost_head import Boosters
        from apparel_eye.vision.activations import Extractor
        from apparel_eye.vision.classifier import without_prefix

        about, model = self.about, self._models.heads[self.column]
        weights = without_prefix(self._models.backbone)
        extractor = Extractor(about.backbone, weights, about.activations_size, about.activations_views, self.mode)
        return extractor, Boosters(model).predict if self.column == "xgboost" else partial(logistic.predict, model)


def mode_of(about: About) -> "Mode":
    """How to compute: as where the models were trained, if its device is here, too."""
    from apparel_eye.vision.device import Mode, is_there

    mode = Mode(**about.modes["predict"])
    return mode if is_there(mode.device) else Mode()
