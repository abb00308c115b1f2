import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bad_photos import file_name, write_bad_photos
from photo_bytes import BadPhoto

from apparel_eye.data.reading.photos import Photo, PhotoError, read_photo
from apparel_eye.data.reading.verdicts import FIXES, REASONS
from apparel_eye.parameters import PhotoParameters

BY_FUZZING = {3, 5}
"""Numbers that are in test_photos.py: what matters there is not in the file, or has no certain verdict."""

FAULTS = [pytest.param(number, marks=pytest.mark.fault(number)) for number in range(1, 36) if number not in BY_FUZZING]
NUM_MEGABYTES = 512


def limits_for(photo: BadPhoto) -> PhotoParameters:
    return PhotoParameters(
        formats=photo.formats,
        max_bytes=100_000_000,
        max_pixels=40_000_000,
        min_side=16,
        max_side_ratio=20,
        ground="white",
    )


def read_or_reason(photo: BadPhoto, at_least: int | None = None) -> tuple[str, Photo | None]:
    try:
        return "", read_photo(photo.data, limits_for(photo), at_least)
    except PhotoError as error:
        return error.reason, None


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[BadPhoto]]:
    folder = tmp_path_factory.mktemp("bad_photos")
    return folder, write_bad_photos(folder)


def test_the_corpus_is_large_and_its_files_differ(corpus: tuple[Path, list[BadPhoto]]) -> None:
    _, photos = corpus
    assert len({photo.data for photo in photos}) >= 250
    assert len([photo for photo in photos if photo.fixes]) >= 30
    assert {photo.verdict for photo in photos} == {"", *REASONS}
    assert {fix for photo in photos for fix in photo.fixes} == set(FIXES)


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_photos_are_refused_and_odd_ones_show_what_they_were_made_from(
    fault: int, corpus: tuple[Path, list[BadPhoto]]
) -> None:
    of_fault = [photo for photo in corpus[1] if photo.fault == fault]
    assert of_fault
    for photo in of_fault:
        reason, read = read_or_reason(photo)
        assert (photo.name, reason, read.fixes if read else ()) == (photo.name, photo.verdict, photo.fixes)
        if read is not None:
            assert (read.height, read.width) == photo.pixels.shape[:2]
            pixels = np.asarray(read.image).astype(int)
            assert abs(pixels - photo.pixels).mean() <= photo.tolerance, photo.name


def test_a_reduced_copy_has_the_same_verdict(corpus: tuple[Path, list[BadPhoto]]) -> None:
    for photo in corpus[1]:
        reason, read = read_or_reason(photo, at_least=20)
        assert (photo.name, reason, read.fixes if read else ()) == (photo.name, photo.verdict, photo.fixes)
        assert read is None or (read.height, read.width) == photo.pixels.shape[:2]


READ_ALL = """
import json, re, sys
from pathlib import Path
from apparel_eye.parameters import PhotoParameters
from apparel_eye.data.reading.photos import PhotoError, in_threads, read_photo
limits = PhotoParameters.model_validate_json(sys.argv[2])
def peak():  # in kilobytes; that of getrusage would begin with the peak of the process that started this one
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
def verdict(path):
    try:
        return read_photo(path.read_bytes(), limits).fixes
    except PhotoError as error:
        return error.reason
paths = sorted(Path(sys.argv[1]).iterdir())
verdicts = dict(zip([path.name for path in paths], in_threads(verdict, paths)))
print(json.dumps({"kilobytes": peak() - before, "verdicts": verdicts}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read as Linux tells it")
def test_the_whole_corpus_is_read_in_threads_within_bounded_memory(corpus: tuple[Path, list[BadPhoto]]) -> None:
    folder, photos = corpus
    limits = limits_for(next(photo for photo in photos if "TIFF" in photo.formats))
    command = [sys.executable, "-c", READ_ALL, str(folder), limits.model_dump_json()]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["kilobytes"] < NUM_MEGABYTES * 1_000
    for number, photo in enumerate(photos):
        if photo.formats == limits.formats:
            expected = photo.verdict or list(photo.fixes)
            assert report["verdicts"][file_name(number, photo)] == expected, photo.name
