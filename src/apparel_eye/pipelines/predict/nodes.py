"""From a user's own photos to a table, a contact sheet and heat maps."""

from collections.abc import Iterator
from typing import Any, Protocol

import pandas as pd
from matplotlib.figure import Figure

from apparel_eye.chunks import TableChunk
from apparel_eye.classifiers.registry import Model
from apparel_eye.data.photo_sources import PhotoSource
from apparel_eye.networks.checkpoint import Checkpoint, Weights
from apparel_eye.parameters import PredictParameters
from apparel_eye.prediction.parts import NETWORK_PART, Models, check_parts
from apparel_eye.prediction.recognizer import About, Recognizer, mode_of

_HEIGHT = 320  # pixels


class Table(Protocol):
    """A table on disk."""

    def head(self, num_rows: int) -> pd.DataFrame:
        """The first rows."""
        ...


def tag_photos(
    own_photos: PhotoSource,
    num_predicted: int,
    recognizer: dict[str, Any],
    checkpoint: Checkpoint,
    activation_networks: Weights,
    heads: dict[str, Model],
    predict: PredictParameters,
) -> Iterator[TableChunk]:
    """The likeliest value of every photo; a file that is no photo keeps its row and says why."""
    from apparel_eye.prediction.tag import tag

    models = Models(checkpoint, activation_networks, heads)
    candidate = "" if predict.candidate == "auto" else predict.candidate
    yield from tag(own_photos, Recognizer(About.model_validate(recognizer), models, candidate), num_predicted)


def write_csv(predictions: Table) -> Table:
    """The same table, for spreadsheets."""
    return predictions


def draw_contact_sheet(
    own_photos: PhotoSource, predictions: Table, recognizer: dict[str, Any], predict: PredictParameters
) -> Figure:
    """The first photos with their values."""
    from apparel_eye.data.reading.photos import at_height
    from apparel_eye.prediction.tag import with_photos
    from apparel_eye.reports.sheets import gallery

    limits = About.model_validate(recognizer).limits
    shown, photos = with_photos(own_photos, predictions.head(predict.num_shown), limits)
    return gallery([at_height(photo, _HEIGHT) for photo in photos], _titles(shown), "no photo that can be read")


def draw_heat_maps(
    own_photos: PhotoSource,
    predictions: Table,
    recognizer: dict[str, Any],
    checkpoint: Checkpoint,
    predict: PredictParameters,
) -> Iterator[Figure]:
    """What the network looked at in the first photos, where that is asked for."""
    from apparel_eye.data.reading.photos import resize_photo
    from apparel_eye.networks.classifier import restore
    from apparel_eye.prediction.heatmaps import heatmaps
    from apparel_eye.prediction.tag import with_photos
    from apparel_eye.reports.sheets import overlays

    if not predict.num_heat_maps:
        return
    about = About.model_validate(recognizer)
    check_parts(Models(checkpoint, {}, {}), about.parts, about.category, [NETWORK_PART])
    shown, photos = with_photos(own_photos, predictions.head(predict.num_heat_maps), about.limits)
    model, description = restore(checkpoint)
    mode = mode_of(about)
    mode.place(model)
    pixels = [resize_photo(photo, description.size, description.resize) for photo in photos]
    maps = [heatmaps(model, description, each[None], mode)[0] for each in pixels]
    yield overlays(pixels, maps, _titles(shown), "no photo that can be read")


def _titles(rows: pd.DataFrame) -> list[str]:
    return [
        f"{value if answered else f'({value})'}\n{confidence:.0%}"
        for value, answered, confidence in zip(rows["value"], rows["answered"], rows["confidence"], strict=True)
    ]
