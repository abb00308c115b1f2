from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from apparel_eye.attributes import DIMENSIONS
from apparel_eye.data.raw_folder import RawFolder
from apparel_eye.parameters import IngestParameters
from apparel_eye.reports.overview import count_values, draw_copies, draw_values
from apparel_eye.schemas import Overview

Ingest = Callable[..., Any]
FOLDER = "Images/skirt_length_labels"
VALUES = DIMENSIONS["skirt_length"]
WHITE = 255


def shown_in(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.images]


def is_white(axes: Axes) -> bool:
    return bool((np.asarray(axes.images[0].get_array()) == WHITE).all())


def test_photos_are_counted_by_value_and_a_value_nobody_has_is_zero() -> None:
    manifest = pd.DataFrame(
        [
            ("labelled", "short", "ynn", "g1", 40, 60),
            ("labelled", "short", "ymn", "g1", 50, 70),
            ("labelled", "short", "ynn", "g2", 90, 61),
            ("labelled", "long", "nny", "g3", 41, 60),
            ("labelled", "long", "mny", "g4", 42, 63),
            ("to predict", "", "", "g5", 999, 999),
            ("to predict", "long", "nny", "g6", 999, 999),
        ],
        columns=["role", "value", "label_string", "group", "width", "height"],
    )
    quarantine = pd.DataFrame(
        [
            ("short", "labelled"),
            ("short", "labelled"),
            ("", "to predict"),
            ("knee", "labelled"),
            ("long", "to predict"),
        ],
        columns=["value", "role"],
    )
    counts = Overview.validate(count_values(manifest, quarantine, ["short", "knee", "long", "floor"]))
    assert counts.to_numpy().tolist() == [
        ["short", 3, 2, 1, 2, 50, 61],
        ["knee", 0, 0, 0, 1, 0, 0],
        ["long", 2, 2, 1, 0, 42, 62],
        ["floor", 0, 0, 0, 0, 0, 0],
    ]


def test_counts_of_an_ingested_folder(raw: Path, ingest: Ingest) -> None:
    (raw / "base" / FOLDER / "7.png").write_bytes(b"")
    result = ingest(raw)
    counts = count_values(result.manifest, result.quarantine, VALUES).set_index("value")
    assert counts[["labelled", "different", "quarantined"]].T.to_dict("list") == {
        **{value: [0, 0, 0] for value in VALUES},
        "Short Length": [4, 4, 0],
        "Knee Length": [3, 3, 1],
    }


@pytest.mark.parametrize(("num_shown", "of_value"), [(1, 1), (3, 3), (4, 4), (6, 4)])
def test_each_value_has_a_row_of_its_photos_filled_up_with_white(
    raw: Path, ingest: Ingest, limits: IngestParameters, num_shown: int, of_value: int
) -> None:
    manifest = ingest(raw).manifest
    figure = draw_values(RawFolder(raw, ()), manifest, VALUES, limits.photos, num_shown)
    assert len(figure.axes) == 2 * num_shown
    titles = [axes.get_title() for axes in figure.axes]
    filled = num_shown - of_value
    assert titles == ["Short Length"] * of_value + [""] * filled + ["Knee Length"] * of_value + [""] * filled
    assert [is_white(axes) for axes in figure.axes] == [title == "" for title in titles]


def test_the_photos_of_a_row_are_spread_over_the_category(
    raw: Path, ingest: Ingest, limits: IngestParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, opened = ingest(raw).manifest, []
    read = RawFolder.read
    monkeypatch.setattr(RawFolder, "read", lambda folder, key: (opened.append(key), read(folder, key))[1])
    draw_values(RawFolder(raw, ()), manifest, VALUES, limits.photos, 2)
    assert opened == [f"base/{FOLDER}/{number}.png" for number in (0, 3, 4, 7)]


def test_photos_keep_their_side_ratio(raw: Path, ingest: Ingest, limits: IngestParameters) -> None:
    figure = draw_values(RawFolder(raw, ()), ingest(raw).manifest, VALUES, limits.photos, 4)
    shapes = [np.asarray(axes.images[0].get_array()).shape for axes in shown_in(figure)]
    assert shapes == [(240, 4 * width, 3) for width in range(40, 48)]


@pytest.mark.fault(36)
@pytest.mark.parametrize("content", [None, b"", b"<html></html>"], ids=["gone", "empty", "a page"])
def test_a_photo_that_can_no_longer_be_read_is_a_white_cell(
    raw: Path, ingest: Ingest, limits: IngestParameters, content: bytes | None
) -> None:
    manifest = ingest(raw).manifest
    path = raw / "base" / FOLDER / "1.png"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    figure = draw_values(RawFolder(raw, ()), manifest, VALUES, limits.photos, 4)
    assert [is_white(axes) for axes in figure.axes] == [number == 1 for number in range(8)]


def test_no_labelled_photo_is_said(tmp_path: Path, limits: IngestParameters) -> None:
    nobody = pd.DataFrame({"role": [], "value": [], "image_key": []}, dtype="str")
    figure = draw_values(RawFolder(tmp_path, ()), nobody, VALUES, limits.photos, 6)
    assert figure.get_suptitle() == "no labelled photo"
    assert shown_in(figure) == []


def pairs_of(num_pairs: int, kind: str = "near") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": kind,
            "similarity": np.linspace(0.99, 0.7, num_pairs),
            "orientation": "mirrored",
            "first_image_key": [f"base/{FOLDER}/{number % 8}.png" for number in range(num_pairs)],
            "first_value": "Short Length",
            "second_image_key": f"rank/{FOLDER}/0.png",
            "second_value": "",
        }
    )


@pytest.mark.parametrize(("num_pairs", "num_drawn"), [(1, 1), (3, 3), (12, 12), (15, 12)])
def test_near_copies_stand_side_by_side_the_least_similar_last(
    raw: Path, limits: IngestParameters, num_pairs: int, num_drawn: int
) -> None:
    pairs = pairs_of(num_pairs)
    figure = draw_copies(RawFolder(raw, ()), pairs, limits.photos)
    titles = [axes.get_title() for axes in shown_in(figure)]
    assert titles[1::2] == ["to predict\n "] * num_drawn
    assert titles[::2] == [f"Short Length\n{likeness:.2f}, mirrored" for likeness in pairs["similarity"][-num_drawn:]]


def test_identical_files_are_not_drawn(raw: Path, limits: IngestParameters) -> None:
    figure = draw_copies(RawFolder(raw, ()), pairs_of(3, "identical"), limits.photos)
    assert figure.get_suptitle() == "no near copies"
    assert shown_in(figure) == []


def test_a_copy_that_can_no_longer_be_read_is_a_white_cell(raw: Path, limits: IngestParameters) -> None:
    (raw / "base" / FOLDER / "1.png").write_bytes(b"")
    figure = draw_copies(RawFolder(raw, ()), pairs_of(3), limits.photos)
    assert [is_white(axes) for axes in shown_in(figure)] == [False, False, True, False, False, False]
