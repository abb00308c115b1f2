"""The segments of a JPEG, from its first byte to its end marker."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from apparel_eye.data.reading.verdicts import PhotoError

JPEG_SCAN = 0xDA
_END = 0xD9
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]", re.DOTALL)
"""Not those without a length: stuffed bytes inside a scan (FF00), restarts, starts and fill bytes."""

_MAX_SEGMENTS = 10_000
"""Long metadata and many scans have some hundreds."""

_NUM_ZEROS = 16
"""This many zeros at the end are no accident."""


@dataclass(frozen=True)
class Segment:
    """``start`` is where its marker begins, ``end`` where the next thing does."""

    kind: int
    start: int
    end: int
    payload: bytes

    @property
    def is_metadata(self) -> bool:
        """Needed for no pixel: everything but the color profile and Adobe's marker, which tells inks apart."""
        is_profile = self.kind == 0xE2 and self.payload.startswith(b"ICC_PROFILE\0")
        return (0xE1 <= self.kind <= 0xEF and self.kind != 0xEE and not is_profile) or self.kind == 0xFE


def jpeg_segments(data: bytes) -> Iterator[Segment]:
    """All segments, the last of them the end marker; scans are searched for it as they are passed.

    Raises:
        PhotoError: there is no end marker, or none among so many segments.
    """
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker = _MARKER.search(data, position)
        if marker is None:
            raise _without_end(data)
        kind, position = data[marker.start() + 1], marker.end()
        if kind == _END:
            yield Segment(kind, marker.start(), position, b"")
            return
        end = position + int.from_bytes(data[position : position + 2])
        yield Segment(kind, marker.start(), end, data[position + 2 : end])
        position = end
    raise PhotoError("metadata too large", f"the JPEG has more than {_MAX_SEGMENTS:,} parts; save it anew")


def _without_end(data: bytes) -> PhotoError:
    if data.endswith(bytes(_NUM_ZEROS)):
        return PhotoError("no end marker", "the end of the JPEG is zeros (interrupted copy?); copy it again")
    if data.endswith(b"\xff\xd9"):
        return PhotoError("damaged", "the parts of the JPEG do not fit together; copy or download it again")
    return PhotoError("truncated", f"the JPEG ends after {len(data):,} bytes; copy or download it again")
