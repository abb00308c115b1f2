"""What a category's photos look like: counts and contact sheets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.data.reading.photos import PhotoError, Pixels, at_height, read_photo
from apparel_eye.parameters import PhotoParameters
from apparel_eye.reports.sheets import gallery

_HEIGHT = 240
"""Of a photo on a sheet, in pixels."""
_WHITE = np.full((_HEIGHT, _HEIGHT * 2 // 3, 3), 255, dtype=np.uint8)
_MOST_ROWS = 6
"""Of values one above the other; the sheet of very many grows to both sides."""
_MOST_PAIRS = 12
"""Of near copies on their sheet, the least similar ones: if these are copies, all are."""


def count_values(manifest: pd.DataFrame, quarantine: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """See ``schemas.Overview``."""
    labelled = manifest[manifest["role"] == "labelled"]
    of_value = labelled.groupby("value")
    counts = {
        "labelled": of_value.size(),
        "different": of_value["group"].nunique(),
        "with_maybe": labelled[labelled["label_string"].str.contains("m")]["value"].value_counts(),
        "quarantined": quarantine[quarantine["role"] == "labelled"]["value"].value_counts(),
        "width": of_value["width"].median(),
        "height": of_value["height"].median(),
    }
    table = pd.DataFrame({name: count.reindex(list(values), fill_value=0) for name, count in counts.items()})
    return table.round().astype("int64").rename_axis("value").reset_index()


def draw_values(
    photos: RawFolder, manifest: pd.DataFrame, values: Sequence[str], limits: PhotoParameters, num_shown: int
) -> Figure:
    """A row of photos for each value, of many values several side by side; spread over the category's sources."""
    labelled, pixels, titles = manifest[manifest["role"] == "labelled"], [], []
    for value in values:
        keys = labelled.loc[labelled["value"] == value, "image_key"].tolist()
        spread = np.linspace(0, len(keys) - 1, min(num_shown, len(keys))).round().astype(int)
        shown = [_pixels(photos, keys[place], limits) for place in spread]
        missing = num_shown - len(shown) if shown else 0
        pixels += [*shown, *[_WHITE] * missing]
        titles += [*[value] * len(shown), *[""] * missing]
    side_by_side = max(1, round((len(pixels) / num_shown / _MOST_ROWS) ** 0.5))
    return gallery(pixels, titles, "no labelled photo", columns=num_shown * side_by_side)


def draw_copies(photos: RawFolder, duplicates: pd.DataFrame, limits: PhotoParameters) -> Figure:
    """The least similar of the pairs that were taken for copies, side by side."""
    near = duplicates[duplicates["kind"] == "near"].tail(_MOST_PAIRS)
    pixels, titles = [], []
    for pair in near.to_dict("records"):
        for side in ("first", "second"):
            pixels.append(_pixels(photos, pair[f"{side}_image_key"], limits))
            how = f"{pair['similarity']:.2f}, {pair['orientation']}" if side == "first" else " "
            titles.append(f"{pair[f'{side}_value'] or 'to predict'}\n{how}")
    return gallery(pixels, titles, "no near copies", columns=6)


def _pixels(photos: RawFolder, image_key: str, limits: PhotoParameters) -> Pixels:
    """A small photo; white where there is none to show."""
    try:
        image = read_photo(photos.read(image_key), limits, at_least=_HEIGHT).image
    except (OSError, PhotoError):
        return _WHITE
    return at_height(image, _HEIGHT)
