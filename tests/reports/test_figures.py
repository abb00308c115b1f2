import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn_figures import NAMES, check_layout, draw

from apparel_eye.reports.figures import (
    curves,
    overview,
    photo_sizes,
    places_and_filters,
    rate_curves,
    risk_coverage,
)


def test_the_overview_has_a_bar_and_a_number_for_each_value(tmp_path: Path) -> None:
    counts = pd.DataFrame({"value": ["Short", "Knee", "Long"], "labelled": [1200, 0, 5], "with_maybe": [30, 0, 1]})
    figure = overview(counts, "heel")
    [axes] = figure.axes
    assert [[bar.get_width() for bar in bars] for bars in axes.containers] == [[1200, 0, 5], [30, 0, 1]]
    assert [text.get_text().strip() for text in axes.texts] == ["1,200", "0", "5"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Short", "Knee", "Long"]
    assert axes.yaxis_inverted()
    assert figure.get_suptitle() == "heel: 1,205 labelled photos"
    draw(figure, tmp_path)


@pytest.mark.parametrize("num_values", [2, 6, 50, 120])
def test_the_overview_is_legible_for_few_and_many_values(num_values: int) -> None:
    labelled = np.arange(num_values) * 997 % 3001
    counts = pd.DataFrame({"value": NAMES[:num_values], "labelled": labelled, "with_maybe": labelled // 9})
    check_layout(overview(counts, NAMES[1]), max_pixels=(880, 40 * num_values + 200))


@pytest.mark.parametrize("widest", [300, 6000])
def test_the_sizes_of_photos_are_hidden_by_no_legend(widest: int) -> None:
    sides = pd.DataFrame({"width": np.linspace(200, widest, 40), "height": np.linspace(500, 200, 40)}).astype(int)
    figure = photo_sizes(sides.assign(role=["labelled", "to predict"] * 20), NAMES[1])
    check_layout(figure, max_pixels=(880, 660))
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == ["labelled: 20", "to predict: 20"]


def sweep(num_steps: int) -> pd.DataFrame:
    rates = np.geomspace(1e-6, 1, num_steps)
    return pd.DataFrame({"learning_rate": rates, "loss": np.cos(rates * 9), "smoothed_loss": 1 - rates})


@pytest.mark.parametrize(
    ("steps", "titles"),
    [
        ((40, 40), ["head: 1.0e-03 is suggested", "all: 2.5e-04 is suggested"]),
        ((0, 40), ["head", "all: 2.5e-04 is suggested"]),
        ((0, 0), ["head", "all"]),
    ],
)
def test_rates_are_suggested_where_they_were_looked_for(steps: tuple[int, int], titles: list[str]) -> None:
    sweeps = dict(zip(("head", "all"), map(sweep, steps), strict=True))
    figure = rate_curves(sweeps, {"head": 1e-3, "all": 2.5e-4})
    assert [axes.get_title() for axes in figure.axes] == titles
    check_layout(figure, max_pixels=(1100, 440))


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
        shades = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
        np.testing.assert_allclose([(shade.x0, shade.x1) for shade in shades], [(0, 3), (5, 6)])  # heads
    assert [(text.get_text(), text.get_position()[0]) for text in figure.axes[0].texts] == [
        ("small", 2.5),
        ("large", 5.5),
    ]


@pytest.mark.parametrize("num_epochs", [1, 6, 30])
def test_the_curves_are_legible_for_few_and_many_epochs(history: pd.DataFrame, num_epochs: int) -> None:
    stages = [history.assign(stage=stage).iloc[np.repeat(np.arange(6), num_epochs)] for stage in ("small", "medium")]
    check_layout(curves(pd.concat(stages, ignore_index=True)), max_pixels=(1210, 880))


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


@pytest.mark.parametrize("error_rate", [0.0, 0.05, 0.9])
def test_no_legend_hides_a_curve_of_risk(error_rate: float) -> None:
    names = ("plain", "tta", "xgboost", "bags", "logistic", "perceptron", "blend")
    figure = risk_coverage({name: (np.arange(1, 21) / 20, np.full(20, error_rate)) for name in names}, "tta", 0.95)
    check_layout(figure, max_pixels=(990, 550))


@pytest.mark.parametrize("shape", [(192, 128), (128, 128), (96, 256)])
def test_bags_are_legible_for_photos_of_any_shape(filters: pd.DataFrame, shape: tuple[int, int]) -> None:
    photo = np.zeros((*shape, 3), dtype=np.uint8)
    check_layout(places_and_filters(photo, np.ones((4, 3)) / 12, filters), max_pixels=(990, 605))
