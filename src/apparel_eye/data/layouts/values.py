"""Which values the folders of a category stand for, and their order."""

from collections.abc import Sequence

from apparel_eye.attributes import folder_of, values_of_folders
from apparel_eye.data.layouts.names import check_distinct, check_text
from apparel_eye.data.layouts.text_lines import read_lines
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError
from apparel_eye.parameters import LabelParameters

VALUES_FILE = "values.txt"


def choose_values(
    folder: RawFolder, category: str, places: Sequence[str], folders: Sequence[str], settings: LabelParameters
) -> tuple[tuple[str, ...], bool]:
    """Values in order, and whether the user listed them.

    Args:
        folder: the raw folder.
        category: whose values.
        places: folders of the category, ending with a slash, where a ``values.txt`` may lie.
        folders: names of value folders.
        settings: its ``values`` come first, then the file, then what the names tell.

    Raises:
        DataError: the list lacks a folder, or names a value twice.
    """
    listed, source = settings.values, "ingest.labels.values"
    present = {file.key for file in folder.files}
    for file in (place + VALUES_FILE for place in places):
        if not listed and file in present:
            listed, source = _read_values(folder, file), file
    if not listed:
        return values_of_folders(category, folders), False
    for value in listed:
        check_text(value, f"{source}: the value")
    check_distinct([folder_of(value) for value in listed], f"{source}: value")
    if missing := sorted(set(folders) - {folder_of(value) for value in listed}):
        raise DataError(
            f"{source} lacks {len(missing)} of the {len(folders)} value folders of {category}: "
            f"{', '.join(map(repr, missing[:10]))}; add them, or move the folders away"
        )
    return tuple(listed), True


def _read_values(folder: RawFolder, file: str) -> tuple[str, ...]:
    values = tuple(line.rstrip("\r\n") for line in read_lines(folder, file) if line.strip())
    if not values:
        raise DataError(f"{file} is empty; write one value per line, or remove the file")
    return values
