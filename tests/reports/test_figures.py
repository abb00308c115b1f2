import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from apparel_eye.reports.figures import (
    confusions,
    curves,
    gallery,
    overlays,
    overview,
    places_and_filters,
    risk_coverage,
)


def draw(figure: Figure, folder: Path) -> tuple[int, int]:
    """Write a picture and give its size; it must not be of one color."""
    figure.savefig(folder / "figure.png")
    with Image.open(folder / "figure.png") as image:
        assert len(image.convert("L").getcolors()) > 10
        return image.size


def test_the_overview_has_a_bar_and_a_number_for_each_value(tmp_path: Path) -> None:
    counts = pd.DataFrame({"value": ["Short", "Knee", "Long"], "labelled": [1200, 0, 5], "with_maybe": [30, 0, 1]})
    figure = overview(counts, "heel")
    [axes] = figure.axes
    assert [[bar.get_width() for bar in bars] for bars in axes.containers] == [[1200, 0, 5], [30, 0, 1]]
    assert [text.get_text().strip() for text in axes.texts] == ["1,200", "0", "5"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Short", "Knee", "Long"]
    assert axes.yaxis_inverted()
    assert axes.get_title() == "heel: 1,205 labelled photos"
    draw(figure, tmp_path)


@pytest.fixture
def history() -> pd.DataFrame:
    """Cycles of 1 + 2 epochs of a head, of 2 epochs of all layers, and of one of the next stage's head."""
    phases = [("small", "head")] * 3 + [("small", "fine_tune")] * 2 + [("large", "head")]
    generator = np.random.default_rng(0)
    columns = ["train_loss", "validation_loss", "basic_precision", "average_precision"]
    numbers = pd.DataFrame(generator.uniform(0.1, 1, (6, 4)), columns=columns)
    return numbers.assign(
        stage=[stage for stage, _ in phases],
        phase=[phase for _, phase in phases],
        cycle=[1, 2, 2, 1, 1, 1],
        steps=[4, 4, 4, 3, 3, 5],
        rate_1=[0, 0, 0, 1e-4, 0.5e-4, 0],
        rate_2=[1e-2, 1e-2, 0.5e-2, 1e-3, 0.5e-3, 2e-2],
    )


def test_the_curves_show_every_epoch_of_every_measure(history: pd.DataFrame, tmp_path: Path) -> None:
    figure = curves(history)
    shown = [
        line.get_ydata().tolist()
        for axes in figure.axes[:2]
        for line in axes.lines
        if len(line.get_xdata()) == len(history)
    ]
    assert shown == [
        history[measure].tolist()
        for measure in ("train_loss", "validation_loss", "basic_precision", "average_precision")
    ]
    draw(figure, tmp_path)


def test_the_curves_show_the_rate_of_each_step_of_each_layer_group(history: pd.DataFrame) -> None:
    first, second = (line for line in curves(history).axes[2].lines if len(line.get_xdata()) > 2)
    # first step of the cycle, its number of steps, steps of an epoch, rates of both groups at its start
    cycles = [(0, 4, 4, 0, 1e-2), (1, 8, 4, 0, 1e-2), (3, 6, 3, 1e-4, 1e-3), (5, 5, 5, 0, 2e-2)]
    steps = [start + step / of_epoch for start, num_steps, of_epoch, _, _ in cycles for step in range(num_steps)]
    for line, group in ((first, 3), (second, 4)):
        expected = [
            cycle[group] * (1 + math.cos(math.pi * step / cycle[1])) / 2 or math.nan
            for cycle in cycles
            for step in range(cycle[1])
        ]
        np.testing.assert_allclose(line.get_xdata(), steps)
        np.testing.assert_allclose(line.get_ydata(), expected)


def test_each_layer_group_has_a_name_and_a_color(history: pd.DataFrame) -> None:
    axes = curves(history.assign(rate_3=history["rate_2"])).axes[2]
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert [line.get_label() for line in lines] == [f"layer group {number}" for number in (1, 2, 3)]
    assert len({line.get_color() for line in lines}) == 3


def test_the_curves_are_parted_between_phases(history: pd.DataFrame) -> None:
    figure = curves(history)
    for axes in figure.axes:
        assert [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2] == [3, 5]
    assert [text.get_text() for text in figure.axes[0].texts] == ["small\nhead", "small\nall", "large\nhead"]


def test_each_matrix_shows_its_counts_where_there_are_any(tmp_path: Path) -> None:
    matrices = {"plain": np.array([[3, 1, 0], [0, 0, 0], [2, 0, 4]]), "tta": np.diag([2, 3, 5])}
    figure = confusions(matrices, ["a", "b", "c"])
    for axes, matrix in zip(figure.axes, matrices.values(), strict=True):
        written = {text.get_position()[::-1]: int(text.get_text()) for text in axes.texts}
        assert written == {(row, column): matrix[row, column] for row, column in np.argwhere(matrix)}
    assert [axes.get_title() for axes in figure.axes] == ["plain: 70.0% right", "tta: 100.0% right"]
    draw(figure, tmp_path)


@pytest.mark.parametrize(("num_photos", "num_rows"), [(1, 1), (6, 1), (7, 2), (13, 3)])
def test_the_gallery_shows_every_photo_with_its_title(tmp_path: Path, num_photos: int, num_rows: int) -> None:
    photos = [np.full((30, 20, 3), 10 * number, dtype=np.uint8) for number in range(num_photos)]
    figure = gallery(photos, [f"photo {number}" for number in range(num_photos)], "nothing")
    filled = [axes for axes in figure.axes if axes.images]
    assert [(axes.get_title(), int(axes.images[0].get_array().max())) for axes in filled] == [
        (f"photo {number}", 10 * number) for number in range(num_photos)
    ]
    assert len(figure.axes) == 6 * num_rows
    assert figure.get_suptitle() == ""
    draw(figure, tmp_path)


def test_an_empty_gallery_says_so(tmp_path: Path) -> None:
    figure = gallery([], [], "no mistake")
    assert figure.get_suptitle() == "no mistake"
    assert not any(axes.images for axes in figure.axes)
    draw(figure, tmp_path)


@pytest.mark.parametrize("num_photos", [1, 7])
def test_each_photo_has_its_own_heat_map_over_it(tmp_path: Path, num_photos: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (num_photos, 30, 20, 3), dtype=np.uint8)
    maps = np.random.default_rng(1).random((num_photos, 30, 20), dtype=np.float32)
    titles = [f"photo {number}" for number in range(num_photos)]
    figure = overlays(pixels, maps, titles, "nothing")
    filled = [axes for axes in figure.axes if len(axes.images) == 2]
    assert [axes.get_title() for axes in filled] == titles
    np.testing.assert_array_equal([axes.images[0].get_array() for axes in filled], pixels)
    np.testing.assert_array_equal([axes.images[1].get_array() for axes in filled], maps)
    for axes in filled:
        assert axes.images[0].get_extent() == axes.images[1].get_extent()
    assert figure.get_suptitle() == ""
    draw(figure, tmp_path)


def test_heat_hides_no_photo_and_shows_alike_in_all_of_them() -> None:
    pixels = np.zeros((3, 1, 5, 3), dtype=np.uint8)
    maps = np.stack([np.zeros((1, 5)), np.full((1, 5), 0.2), np.linspace(0, 1, 5)[None]])
    cold, mild, rising = (axes.images[1] for axes in overlays(pixels, maps, ["", "", ""], "").axes[:3])
    opacity = rising.to_rgba(rising.get_array())[0, :, 3]
    assert (cold.to_rgba(cold.get_array())[..., 3] == 0).all()
    assert (np.diff(opacity) > 0).all()
    assert opacity.max() < 0.8
    np.testing.assert_array_equal(mild.to_rgba(0.2), rising.to_rgba(0.2))


def test_no_overlays_say_so(tmp_path: Path) -> None:
    figure = overlays(np.zeros((0, 30, 20, 3), dtype=np.uint8), np.zeros((0, 30, 20)), [], "no mistake")
    assert figure.get_suptitle() == "no mistake"
    assert not any(axes.images for axes in figure.axes)
    draw(figure, tmp_path)


def test_risk_and_coverage_of_each_column_and_the_precision_that_is_wanted(tmp_path: Path) -> None:
    curves = {
        "sure": (np.array([0.25, 0.5, 1.0]), np.array([0.0, 0.0, 0.25])),
        "unsure": (np.array([0.5, 1.0]), np.array([0.5, 0.5])),
    }
    figure = risk_coverage(curves, "sure", 0.9)
    [axes] = figure.axes
    shown = {line.get_label(): line for line in axes.lines}
    assert list(shown) == ["sure", "unsure", "10% wrong"]
    for name, (coverages, error_rates) in curves.items():
        np.testing.assert_array_equal(shown[name].get_xydata(), np.column_stack([coverages, error_rates]))
    np.testing.assert_allclose(shown["10% wrong"].get_ydata(), 0.1)
    assert shown["sure"].get_linewidth() > shown["unsure"].get_linewidth()
    draw(figure, tmp_path)


@pytest.fixture
def filters() -> pd.DataFrame:
    """Eighteen filters, the most important first."""
    importance = np.linspace(1, 0, 18)
    return pd.DataFrame(
        {
            "filter": np.arange(18) * 7 % 18,
            "importance": importance / importance.sum(),
            "bags": 18 - np.arange(18),
            "gain": np.full(18, 1 / 18),
            "row": 0,
            "column": 0,
        }
    )


def test_places_lie_over_the_whole_photo(filters: pd.DataFrame, tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    places = np.random.default_rng(1).random((4, 3)) / 10
    figure = places_and_filters(photo, places, filters)
    below, above = figure.axes[0].images
    np.testing.assert_array_equal(below.get_array(), photo)
    np.testing.assert_array_equal(above.get_array(), places)
    for edge, of_photo in zip(above.get_extent(), below.get_extent(), strict=True):
        assert abs(edge - of_photo) <= 0.5  # pixels have their middle on whole numbers
    assert above.get_clim() == (0, places.max())
    draw(figure, tmp_path)


@pytest.mark.parametrize("number", [1, 15, 18])
def test_the_most_important_filters_have_their_two_shares(filters: pd.DataFrame, number: int, tmp_path: Path) -> None:
    given = filters.head(number)
    figure = places_and_filters(np.zeros((8, 6, 3), dtype=np.uint8), np.ones((2, 2)) / 4, given)
    axes, shown = figure.axes[1], filters.head(min(number, 15))
    importances, gains = axes.containers
    assert [bar.get_width() for bar in importances] == shown["importance"].tolist()
    assert [bar.get_width() for bar in gains] == shown["gain"].tolist()
    named = [f"filter {of} in {bags} bags" for of, bags in zip(shown["filter"], shown["bags"], strict=True)]
    assert [label.get_text() for label in axes.get_yticklabels()] == named
    assert axes.yaxis_inverted()
    draw(figure, tmp_path)


def test_bags_that_never_split_are_drawn_too(filters: pd.DataFrame, tmp_path: Path) -> None:
    nothing = filters.assign(importance=0.0, gain=0.0)
    photo = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    draw(places_and_filters(photo, np.zeros((4, 3)), nothing), tmp_path)
