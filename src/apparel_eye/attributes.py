"""The eight FashionAI dimensions, their values in order, and how labels are written."""

import math
import re
from collections.abc import Sequence

DIMENSIONS: dict[str, tuple[str, ...]] = {
    "coat_length": (
        "Invisible",
        "High Waist Length",
        "Regular Length",
        "Long Length",
        "Micro Length",
        "Knee Length",
        "Midi Length",
        "Ankle&Floor Length",
    ),
    "collar_design": ("Invisible", "Shirt Collar", "Peter Pan", "Puritan Collar", "Rib Collar"),
    "lapel_design": ("Invisible", "Notched", "Collarless", "Shawl Collar", "Plus Size Shawl"),
    "neck_design": ("Invisible", "Turtle Neck", "Ruffle Semi-High Collar", "Low Turtle Neck", "Draped Collar"),
    "neckline_design": (
        "Invisible",
        "Strapless Neck",
        "Deep V Neckline",
        "Straight Neck",
        "V Neckline",
        "Square Neckline",
        "Off Shoulder",
        "Round Neckline",
        "Sweat Heart Neck",
        "One Shoulder Neckline",
    ),
    "pant_length": ("Invisible", "Short Pant", "Mid Length", "3/4 Length", "Cropped Pant", "Full Length"),
    "skirt_length": (
        "Invisible",
        "Short Length",
        "Knee Length",
        "Midi Length",
        "Ankle Length",
        "Floor Length",
    ),
    "sleeve_length": (
        "Invisible",
        "Sleeveless",
        "Cup Sleeves",
        "Short Sleeves",
        "Elbow Sleeves",
        "3/4 Sleeves",
        "Wrist Length",
        "Long Sleeves",
        "Extra Long Sleeves",
    ),
}

FOLDER_SUFFIX = "_labels"


def is_length(category: str) -> bool:
    """Whether the values are ordered: an error by one step is a smaller error."""
    return category.endswith("_length")


def ordered_values(category: str, values: Sequence[str]) -> tuple[int, ...]:
    """Indices of the values that lie on a scale, in its order; none where the category is no length."""
    if not is_length(category):
        return ()
    return tuple(index for index, value in enumerate(values) if value != "Invisible")


def folder_of(value: str) -> str:
    """A value as a folder name: a slash cannot stand in one, so "3/4 Sleeves" is kept as "3-4 Sleeves"."""
    return value.replace("/", "-")


def values_of_folders(category: str, folders: Sequence[str]) -> tuple[str, ...]:
    """The values that a category's folders stand for, in order.

    Folders that all name values of the FashionAI dimension of that name get the whole dimension in its order; other
    folders are the user's own values, in alphabetical order but with numbers by size: 2 before 3.25, 3.5 and 10.
    """
    known = {folder_of(value): value for value in DIMENSIONS.get(category, ())}
    if known and all(folder in known for folder in folders):
        return DIMENSIONS[category]
    return tuple(sorted(folders, key=_natural_order))


def _natural_order(name: str) -> tuple[list[tuple[float, str]], str]:
    parts = re.findall(r"[0-9]+(?:\.[0-9]+)?|[^0-9]+", name)
    return [(float(part), "") if part[0] in "0123456789" else (math.inf, part) for part in parts], name
