from pathlib import Path

import numpy as np
import pytest
from drawn_figures import NAMES, check_layout, draw

from apparel_eye.reports.confusions import confusions

COLUMNS = ("plain", "tta", "xgboost", "bags", "logistic", "perceptron", "blend")
MATRICES = {"plain": np.array([[3, 1, 0], [0, 0, 0], [2, 0, 4]]), "tta": np.diag([2, 3, 5])}


@pytest.mark.parametrize(("chosen", "other"), [("plain", "tta"), ("tta", "plain")])
def test_the_submitted_matrix_shows_its_counts_where_there_are_any(tmp_path: Path, chosen: str, other: str) -> None:
    figure = confusions(MATRICES, ["a", "b", "c"], chosen)
    large, small = figure.axes
    written = {text.get_position()[::-1]: int(text.get_text()) for text in large.texts}
    assert written == {(row, column): MATRICES[chosen][row, column] for row, column in np.argwhere(MATRICES[chosen])}
    right = {"plain": "70.0% right", "tta": "100.0% right"}
    assert large.get_title() == f"{chosen}, submitted: {right[chosen]}"
    assert small.get_title() == f"{other}\n{right[other]}"
    draw(figure, tmp_path)


def test_each_matrix_is_shaded_by_the_share_of_its_row() -> None:
    for axes, name in zip(confusions(MATRICES, ["a", "b", "c"], "plain").axes, MATRICES, strict=True):
        shares = np.asarray(axes.images[0].get_array())
        counts = MATRICES[name]
        np.testing.assert_allclose(shares * counts.sum(axis=1, keepdims=True), counts)
        assert axes.images[0].get_clim() == (0, 1)


@pytest.mark.parametrize("num_values", [2, 6, 10, 50])
@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:1]], ids=["seven", "one"])
def test_matrices_are_legible_for_few_and_many_values(num_values: int, columns: tuple[str, ...]) -> None:
    counts = 7 * (np.arange(num_values**2).reshape(num_values, num_values) % 9 == 0)
    figure = confusions(
        dict.fromkeys(columns, counts + np.diag(np.full(num_values, 1234))), NAMES[:num_values], "plain"
    )
    check_layout(figure, max_pixels=(2200, 1450))
    large, *others = [axes.get_window_extent() for axes in figure.axes]
    assert all(axes.width <= 0.4 * large.width for axes in others)
    assert all(axes.width >= 90 for axes in others)


def test_counts_that_nobody_could_read_are_left_out() -> None:
    figure = confusions({"plain": np.diag(np.full(50, 123_456))}, NAMES[:50], "plain")
    assert len(figure.axes[0].texts) == 0
    assert len(confusions({"plain": np.diag(np.full(50, 12))}, NAMES[:50], "plain").axes[0].texts) == 50
