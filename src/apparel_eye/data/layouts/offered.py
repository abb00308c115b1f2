"""Which categories a raw folder has photos of, told from names and label files before any photo is opened."""

from apparel_eye.data.layouts.categories import categories_in, find_places
from apparel_eye.data.layouts.fashionai import dimensions_in, is_fashionai, read_rows_of
from apparel_eye.data.photo_names import is_photo_name
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError, UsageError
from apparel_eye.parameters import LabelParameters


def offered_categories(folder: RawFolder, settings: LabelParameters) -> list[str]:
    """Categories that label files or folders name, in alphabetical order."""
    return dimensions_in(folder, settings) if is_fashionai(folder) else categories_in(folder)


def choose_category(folder: RawFolder, default: str, settings: LabelParameters) -> tuple[str, str]:
    """The category to take where none is asked for, and why: the default if it is there, or the only one that is.

    Where there is none at all it is the default, which ``check_category`` refuses.

    Raises:
        UsageError: there are others, and nothing says which of them.
    """
    offered = offered_categories(folder, settings)
    if len(offered) == 1:
        return offered[0], f"the only one in {folder.root}"
    if default in offered or not offered:
        return default, f"the default; {folder.root} has {', '.join(offered)}"
    raise UsageError(
        f"no category is given, and the default, {default}, is not in {folder.root}, which has {', '.join(offered)}; "
        "choose with --params category=NAME"
    )


def check_category(folder: RawFolder, category: str, settings: LabelParameters) -> None:
    """Refuse a category without photos.

    Raises:
        UsageError: the folder has other categories, but not this one.
        DataError: it has none, none of the category's photos, or its names or labels are wrong.
    """
    if is_fashionai(folder):
        labels = read_rows_of(folder, category, settings)
        present = {file.key for file in folder.files}
        keys = [key for rows in labels.values() for key in rows.image_keys]
        if not any(key in present for key in keys):
            raise _no_photos(folder, category, f"none of the {len(keys)} that {', '.join(labels)} label exists")
    else:
        places = tuple(find_places(folder, category))
        if not any(file.key.startswith(places) and is_photo_name(file.key) for file in folder.files):
            raise _no_photos(folder, category, f"{', '.join(places)} is empty but for folders")


def _no_photos(folder: RawFolder, category: str, why: str) -> DataError:
    return DataError(
        f"{folder.root.absolute()} has no photos of category {category!r}: {why}; put photos there, or name another "
        "folder with --params raw=FOLDER"
    )
