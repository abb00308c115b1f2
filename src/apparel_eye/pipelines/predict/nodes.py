"""From a user's own photos to a table and a contact sheet."""

import pandas as pd
from matplotlib.figure import Figure

from apparel_eye.attributes import is_length
from apparel_eye.checkpoint import Checkpoint
from apparel_eye.parameters import InferParameters, PhotoParameters, PredictParameters, TrainParameters
from apparel_eye.raw_folder import RawFolder


def tag_photos(
    own_photos: RawFolder,
    checkpoint: Checkpoint,
    modes: dict[str, dict[str, str]],
    limits: PhotoParameters,
    infer: InferParameters,
    train: TrainParameters,
    category: str,
) -> pd.DataFrame:
    """The likeliest value of every file in the folder; a file that is no photo keeps its row and says why."""
    from apparel_eye.vision.device import Mode
    from apparel_eye.vision.tagging import tag

    augmentation = train.augmentation.for_category(is_length(category))
    return tag(own_photos, checkpoint, infer, augmentation, Mode(**modes["predict"]), limits)


def draw_contact_sheet(
    own_photos: RawFolder, predictions: pd.DataFrame, limits: PhotoParameters, predict: PredictParameters
) -> Figure:
    """The first photos with their values."""
    from apparel_eye.figures import gallery
    from apparel_eye.vision.reading.photos import at_height, read_photo

    readable = predictions[predictions["problem"] == ""].head(predict.num_shown)
    pixels = [at_height(read_photo(own_photos.read(key), limits).image, 320) for key in readable["photo"]]
    titles = [
        f"{value}\n{confidence:.0%}"
        for value, confidence in zip(readable["value"], readable["confidence"], strict=True)
    ]
    return gallery(pixels, titles, "no photo that can be read")
