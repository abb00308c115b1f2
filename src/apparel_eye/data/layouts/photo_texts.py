"""What a user says of each photo beside its label: ``groups.csv`` and ``domain.csv`` in the raw folder."""

from apparel_eye.data.layouts.csv_rows import read_rows
from apparel_eye.data.layouts.names import check_text
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.errors import DataError


def texts_of_photos(folder: RawFolder, column: str, file: str) -> tuple[dict[str, str], list[str]]:
    """Text by image key, and a note on rows that name no photo; nothing where there is no such file.

    Raises:
        DataError: the file is no table of two columns, or says two things of one photo.
    """
    known = {each.key for each in folder.files}
    if file not in known:
        return {}, []
    texts: dict[str, str] = {}
    unknown: list[str] = []
    for line, (key, text) in read_rows(folder, file, ("image_key", column)):
        if text:
            check_text(text, f"{file}, line {line}: the {column}")
        if texts.setdefault(key, text) != text:
            raise DataError(f"{file}, line {line}: {key} is {text!r}, and {texts[key]!r} before; keep one of them")
        if key not in known:
            unknown.append(key)
    if not unknown:
        return texts, []
    return texts, [f"{len(unknown)} rows of {file} name no file below the raw folder, for example {unknown[0]}"]
