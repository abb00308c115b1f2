"""What runs note of files, out of sight: in a hidden folder ``.seals`` beside them, so that results stand alone.

A note is called as its file is, with an ending. Earlier versions kept the same notes beside the files, under the same
names. A run moves them in when it starts, and before it writes another one; until then they are read where they are.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from apparel_eye.datasets.temporary import discard, sync, temporary_of

FOLDER = ".seals"
SEAL, BEGUN, ROWS = ".seal", ".begun", ".unfinished.rows"


def place_of(path: Path, ending: str) -> Path:
    """Where a note of a file stands."""
    return path.parent / FOLDER / f"{path.name}{ending}"


def read(path: Path, ending: str) -> dict[str, Any]:
    """The JSON that was noted of a file; empty where there is none, or where it is damaged.

    The place of earlier versions is looked at first: a run may move the note from there while others read. What is
    there is never older than what is here, since ``write`` leaves nothing there.
    """
    for place in (_earlier_place_of(path, ending), place_of(path, ending)):
        try:
            note = json.loads(place.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (ValueError, RecursionError):
            return {}
        return note if isinstance(note, dict) else {}
    return {}


def write(path: Path, ending: str, text: str) -> None:
    """Note something of a file, whole or not at all, so that it outlives a power cut."""
    make_folder(path)
    place = place_of(path, ending)
    with suppress(FileNotFoundError):
        _earlier_place_of(path, ending).replace(place)
    temporary = temporary_of(place)
    try:
        temporary.write_text(text, encoding="utf-8")
        sync(temporary)
        temporary.replace(place)
        sync(place.parent)
    finally:
        discard(temporary)


def make_folder(path: Path) -> None:
    """Make the hidden folder beside a file, if there is none."""
    folder = path.parent / FOLDER
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        sync(path.parent)


def remove(path: Path, ending: str) -> None:
    """Remove a note of a file, if there is one."""
    for place in (_earlier_place_of(path, ending), place_of(path, ending)):
        place.unlink(missing_ok=True)


def move_in(folder: Path) -> int:
    """Move what earlier versions noted beside the files of a folder; only for who holds the folder's lock.

    Returns:
        How many notes were moved.
    """
    found = [entry for entry in folder.iterdir() if _is_note(entry)] if folder.is_dir() else []
    for entry in found:
        make_folder(entry)
        entry.replace(folder / FOLDER / entry.name)
    return len(found)


def _is_note(entry: Path) -> bool:
    return not entry.name.startswith(".") and entry.name.endswith((SEAL, BEGUN, ROWS)) and entry.is_file()


def _earlier_place_of(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")
