"""Where the folders of a category are."""

from apparel_eye.data.layouts.names import check_distinct, folded
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import ApparelEyeError, DataError, UsageError, nearest

SPLITS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
"""Folders of a given split, and its name."""


def find_places(folder: RawFolder, category: str) -> dict[str, str]:
    """Folders of a category, ending with a slash, each with its split; the split is empty where none is given.

    Raises:
        UsageError: there are other categories, but not this one.
        DataError: there is none, or another one that is named nearly alike.
    """
    categories = categories_in(folder)
    check_distinct({category, *(name for name in categories if folded(name) == folded(category))}, "category")
    if category not in categories:
        raise _unknown(folder, category, categories)
    present = set(folder.folders)
    splits = {f"{name}/{category}/": split for name, split in SPLITS.items() if f"{name}/{category}" in present}
    if not splits:
        return {f"{category}/": ""}
    if any(key.startswith(f"{category}/") for key in folder.folders):
        raise DataError(
            f"{category} has value folders of its own and others in {', '.join(splits)}; keep one of the two layouts"
        )
    if "train" not in splits.values():
        raise DataError(f"{category} is in {', '.join(splits)} but not in train; add train/{category}/<value>/<photo>")
    return splits


def categories_in(folder: RawFolder) -> list[str]:
    """Folders that hold folders, at the top or in a split; a split is no category."""
    names = set()
    for key in folder.folders:
        parts = key.split("/")
        if parts[0] in SPLITS and len(parts) > 1:
            parts = parts[1:]
        if len(parts) == 2:
            names.add(parts[0])
    return sorted(names)


def _unknown(folder: RawFolder, category: str, categories: list[str]) -> ApparelEyeError:
    expected = f"expected {category}/<value>/<photo>, train/{category}/<value>/<photo>, or the FashionAI layout"
    deeper = [key for key in folder.folders if key.endswith("/Annotations")]
    if deeper:
        found = f"found {deeper[0]}: name a folder nearer to it with --params raw=FOLDER"
    elif categories:
        found = f"found other categories: {nearest(category, categories)}"
    elif folder.folders:
        found = f"found neither, but the folders {', '.join(folder.folders[:5])}"
    else:
        found = f"found neither, but {len(folder.files)} files, for example {folder.files[0].key}"
    message = f"{folder.root.absolute()} has no photos of category {category!r}: {expected}; {found}"
    return UsageError(message) if categories and not deeper else DataError(message)
