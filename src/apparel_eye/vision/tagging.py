"""A user's own photos, part after part: a row for every file, also for those that are no photos."""

import hashlib
from collections.abc import Sequence
from itertools import islice

import numpy as np
import pandas as pd

from apparel_eye.checkpoint import Checkpoint
from apparel_eye.errors import DataError
from apparel_eye.parameters import AugmentationParameters, InferParameters, PhotoParameters
from apparel_eye.raw_folder import RawFile, RawFolder
from apparel_eye.vision.classifier import Description
from apparel_eye.vision.device import Mode
from apparel_eye.vision.inference import Predictor, identity_of
from apparel_eye.vision.reading.photos import PhotoError, Pixels, in_threads, read_photo, resize_photo

_FORMULA = "=+-@\t\r\n \u00a0"
"""First characters that spreadsheets act upon."""

_PART = 256
"""Photos held in memory at a time."""


def tag(
    folder: RawFolder,
    checkpoint: Checkpoint,
    infer: InferParameters,
    augmentation: AugmentationParameters,
    mode: Mode,
    limits: PhotoParameters,
) -> pd.DataFrame:
    """One row per file, see ``schemas.Predictions``; probabilities are averaged over views.

    Raises:
        DataError: the folder has no files.
    """
    if not folder.files:
        raise DataError(f"{folder.root.absolute()} has no files; name a folder of photos with --params photos=FOLDER")
    description = Description.model_validate(checkpoint.description)
    predictor = Predictor(checkpoint, "best", infer, augmentation, mode)
    files = iter(folder.files)
    parts = []
    while part := list(islice(files, _PART)):
        read = list(in_threads(lambda file: _read(folder, file, description, limits), part))
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


def _read(
    folder: RawFolder, file: RawFile, description: Description, limits: PhotoParameters
) -> tuple[Pixels, str] | str:
    """Pixels and checksum, or what is wrong with the file."""
    if file.problem:
        return file.problem
    try:
        data = folder.read(file.key)
        photo = read_photo(data, limits).image
    except OSError as error:
        return error.strerror or str(error)
    except PhotoError as error:
        return str(error)
    return resize_photo(photo, description.size, description.resize), hashlib.sha256(data).hexdigest()


def _rows(files: Sequence[RawFile], problems: list[str], description: Description) -> pd.DataFrame:
    table = pd.DataFrame(
        {"photo": [_harmless(file.key) for file in files], "value": "", "confidence": np.nan, "problem": problems}
    )
    return table.assign(**dict.fromkeys(_columns(description), np.nan))


def _harmless(key: str) -> str:
    """The same path, written so that no spreadsheet takes a name like ``=1+1.jpg`` for a formula."""
    return f"./{key}" if key[0] in _FORMULA else key


def _columns(description: Description) -> list[str]:
    """A prefix, since a user's value may be named like one of the other columns."""
    return [f"probability of {value}" for value in description.values]
