"""Photos and folders of a FashionAI release that no label file names."""

import re
from collections import Counter
from collections.abc import Collection

from apparel_eye.attributes import DIMENSIONS, FOLDER_SUFFIX
from apparel_eye.data.photo_names import is_photo_name
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import nearest

_PHOTO = re.compile(r"(?:[^/]+/)?Images/([^/]+)/")


def notes_on_orphans(
    folder: RawFolder, category: str, named: Collection[str], labelled_dimensions: Collection[str]
) -> list[str]:
    """Sentences on photos of the category without a row, and on folders of dimensions without labels."""
    photos = [(found[1], file.key) for file in folder.files if (found := _PHOTO.match(file.key))]
    orphans = [
        key for name, key in photos if name == category + FOLDER_SUFFIX and key not in named and is_photo_name(key)
    ]
    notes = []
    if orphans:
        notes.append(
            f"{len(orphans)} photos of {category} stand in no label or question file, for example {orphans[0]}"
        )
    for name, count in Counter(name for name, _ in photos).items():
        dimension = name.removesuffix(FOLDER_SUFFIX)
        if dimension not in labelled_dimensions and dimension != category:
            known = "" if dimension in DIMENSIONS else f"; {nearest(dimension, DIMENSIONS)}"
            notes.append(f"{count} photos in folders {name}, which no label file names{known}")
    return notes
