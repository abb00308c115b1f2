"""A user's own photos, part after part: a row for every file, also for those that are no photos."""

import hashlib
from itertools import islice

import numpy as np
import pandas as pd

from apparel_eye.checkpoint import Checkpoint
from apparel_eye.errors import DataError
from apparel_eye.parameters import AugmentationParameters, InferParameters, PhotoParameters
from apparel_eye.raw_folder import RawFolder
from apparel_eye.vision.classifier import Description
from apparel_eye.vision.inference import Predictor, identity_of
from apparel_eye.vision.reading.photos import PhotoError, Pixels, in_threads, read_photo, resize_photo

_PART = 256
"""Photos held in memory at a time."""


def tag(
    folder: RawFolder,
    checkpoint: Checkpoint,
    infer: InferParameters,
    augmentation: AugmentationParameters,
    precision: str,
    limits: PhotoParameters,
) -> pd.DataFrame:
    """One row per file, see ``schemas.Predictions``; probabilities are averaged over views.

    Raises:
        DataError: the folder has no files.
    """
    if not folder.files:
        raise DataError(f"{folder.root.absolute()} has no files; name a folder of photos with --params photos=FOLDER")
    description = Description.model_validate(checkpoint.description)
    predictor = Predictor(checkpoint, "best", infer, augmentation, precision)
    keys = iter([file.key for file in folder.files])
    parts = []
    while part := list(islice(keys, _PART)):
        read = list(in_threads(lambda key: _read(folder, key, description, limits), part))
        pixels = [result[0] for result in read if not isinstance(result, str)]
        identities = [identity_of(result[1]) for result in read if not isinstance(result, str)]
        tagged = _rows(part, [result if isinstance(result, str) else "" for result in read], description)
        if pixels:
            stacked = np.stack(pixels)
            _, averaged = predictor.predict(stacked, np.arange(len(pixels)), np.array(identities, dtype=np.uint64))
            readable = tagged["problem"] == ""
            tagged.loc[readable, _columns(description)] = averaged
            tagged.loc[readable, "confidence"] = averaged.max(axis=1)
            tagged.loc[readable, "value"] = np.array(description.values)[averaged.argmax(axis=1)]
        parts.append(tagged)
    return pd.concat(parts, ignore_index=True)


def _read(folder: RawFolder, key: str, description: Description, limits: PhotoParameters) -> tuple[Pixels, str] | str:
    """Pixels and checksum, or what is wrong with the file."""
    try:
        data = folder.read(key)
        photo = read_photo(data, limits).image
    except (OSError, PhotoError) as error:
        return str(error)
    return resize_photo(photo, description.size, description.resize), hashlib.sha256(data).hexdigest()


def _rows(keys: list[str], problems: list[str], description: Description) -> pd.DataFrame:
    table = pd.DataFrame({"photo": keys, "value": "", "confidence": np.nan, "problem": problems})
    return table.assign(**dict.fromkeys(_columns(description), np.nan))


def _columns(description: Description) -> list[str]:
    """A prefix, since a user's value may be named like one of the other columns."""
    return [f"probability of {value}" for value in description.values]
